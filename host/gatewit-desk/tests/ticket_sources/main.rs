//! Ticket sources at the desk: synced, served and imported into events; and tickets issued in bulk.

#[cfg(test)]
mod asking;
#[cfg(test)]
mod attendance;
#[cfg(test)]
mod believed;
#[cfg(test)]
mod bulks;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod declarations;
#[cfg(test)]
mod doors;
#[cfg(test)]
mod fields;
#[cfg(test)]
mod long_loops;
#[cfg(test)]
mod look_ups;
#[cfg(test)]
mod office;
#[cfg(test)]
mod pacing;
#[cfg(test)]
mod run_limits;
#[cfg(test)]
mod searches;
#[cfg(test)]
mod syncs;
#[cfg(test)]
mod upstream;
#[cfg(test)]
mod world;
