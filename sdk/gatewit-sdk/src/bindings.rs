//! The bindings generated from `wit/`. They know nothing of the types that authors see.

wit_bindgen::generate!({
    path: "../../wit",
    world: "strategy",
    pub_export_macro: true,
});
