//! Sources of tickets as the desk keeps them: synced, served, and taken into events.

mod attendance;
mod crashes;
mod doors;
mod office;
mod syncs;
mod upstream;
mod world;
