// An identity provider on loopback: `node provider.mjs FOLDER CLIENT...`, where FOLDER holds node_modules.
//
// Its clients get access tokens for any `resource` by client credentials. The secret of each client is `secret`. The
// first line it prints is its issuer. Then it executes the commands it reads, one per line, and answers each with a
// line:
//   rotate   has new keys from now on
//   down     listens no more
//   up       listens again where it did
//   asked    how often its keys were asked for

import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

// The provider's own messages must not mix with the answers.
console.info = console.warn = console.error;
const [folder, ...clients] = process.argv.slice(2);
const entry = resolve(folder, "node_modules/oidc-provider/lib/index.js");
const { Provider } = await import(pathToFileURL(entry));

const HOST = "127.0.0.1";
const KEYS = "/jwks";
let port = 0;
let asked = 0;
let server;
let handle;

function keys() {
  const kinds = { RS256: ["rsa", { modulusLength: 2048 }], ES256: ["ec", { namedCurve: "P-256" }] };
  return Object.entries(kinds).map(([alg, kind]) => ({
    ...generateKeyPairSync(...kind).privateKey.export({ format: "jwk" }),
    kid: randomUUID(),
    use: "sig",
    alg,
  }));
}

// A resource is its own audience; `?alg=` selects the algorithm that signs its tokens.
function resourceServer(_, resource) {
  const { searchParams, origin, pathname } = new URL(resource);
  const alg = searchParams.get("alg") ?? "RS256";
  return {
    scope: "",
    audience: origin + pathname,
    accessTokenFormat: "jwt",
    accessTokenTTL: 24 * 60 * 60,
    jwt: { sign: { alg } },
  };
}

function rotate() {
  const provider = new Provider(`http://${HOST}:${port}`, {
    clients: clients.map((name) => ({
      client_id: name,
      client_secret: "secret",
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: "client_secret_post",
    })),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: { enabled: true, getResourceServerInfo: resourceServer },
    },
    jwks: { keys: keys() },
  });
  handle = provider.callback();
}

function up() {
  return new Promise((done) => {
    server = createServer((request, response) => {
      asked += request.url === KEYS ? 1 : 0;
      handle(request, response);
    });
    server.listen(port, HOST, () => {
      port = server.address().port;
      done();
    });
  });
}

function down() {
  return new Promise((done) => {
    server.close(done);
    server.closeAllConnections();
  });
}

const commands = { rotate, up, down, asked: () => asked };
await up();
rotate();
console.log(`http://${HOST}:${port}`);
for await (const line of createInterface({ input: process.stdin })) {
  console.log((await commands[line]()) ?? "done");
}
process.exit();
