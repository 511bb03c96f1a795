//! Makes a strategy a component: receives the host's calls, and connects the generated bindings with the types that
//! authors see.

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::bindings::strategy::exports::gatewit::plugin::check_in_strategy as wire;
use crate::bindings::strategy::gatewit::plugin::types::LocalDatetime;
use crate::{Event, EventDay, Holder, Moment, Strategy, Window, Zoned, options};

/// The organizers' name for a strategy's options.
const ORIGIN: &str = "strategyOptions";

/// Answers `describe`.
pub fn describe<S: Strategy>(version: &str, summary: &str) -> wire::Description {
    wire::Description {
        version: version.to_owned(),
        summary: summary.to_owned(),
        options_schema: options::schema::<S>(),
    }
}

/// Answers `check-options`.
pub fn check_options<S: Strategy>(options: &str) -> Result<(), String> {
    read::<S>(options).map(drop)
}

/// Answers `windows`.
pub fn windows<S: Strategy>(
    options: &str,
    event: wire::Event,
    holder: wire::Holder,
) -> Result<Vec<wire::Window>, String> {
    let windows = answer::<S>(options, &event.try_into()?, &holder.into())?;
    Ok(windows.into_iter().map(Into::into).collect())
}

/// The strategy's own answer; its options are valid.
pub(crate) fn answer<S: Strategy>(
    options: &str,
    event: &Event,
    holder: &Holder,
) -> Result<Vec<Window>, String> {
    read::<S>(options)?.windows(event, holder)
}

fn read<S: Strategy>(text: &str) -> Result<S, String> {
    let strategy: S = options::parse(ORIGIN, text)?;
    strategy
        .check()
        .map_err(|reason| format!("{ORIGIN}: {reason}"))?;
    Ok(strategy)
}

impl TryFrom<wire::Event> for Event {
    type Error = String;

    fn try_from(event: wire::Event) -> Result<Self, String> {
        let days = event.days.into_iter().zip(0..).map(|(day, index)| {
            Ok(EventDay {
                index,
                name: day.name,
                starts: zoned(day.starts)?,
                ends: zoned(day.ends)?,
            })
        });
        Ok(Event {
            days: days.collect::<Result<_, String>>()?,
            name: event.name,
            time_zone: event.time_zone,
        })
    }
}

impl From<wire::Holder> for Holder {
    fn from(holder: wire::Holder) -> Self {
        Holder {
            ticket_type: holder.ticket_type,
            attributes: holder.attributes,
        }
    }
}

impl From<Window> for wire::Window {
    fn from(window: Window) -> Self {
        wire::Window {
            day: window.day,
            opens: window.opens.into(),
            closes: window.closes.into(),
        }
    }
}

impl From<Moment> for wire::Moment {
    fn from(moment: Moment) -> Self {
        match moment {
            Moment::Instant(instant) => wire::Moment::Instant(instant.as_second()),
            Moment::Local(local) => wire::Moment::Local(local_to_wire(local)),
        }
    }
}

fn zoned(zoned: wire::Zoned) -> Result<Zoned, String> {
    // The calendar's own error texts would make every guest a third larger.
    let instant = Timestamp::from_second(zoned.instant).ok();
    let (instant, local) = instant
        .zip(local_from_wire(zoned.local))
        .ok_or("the event's times are on no calendar")?;
    Ok(Zoned { instant, local })
}

fn local_from_wire(local: LocalDatetime) -> Option<DateTime> {
    let year = i16::try_from(local.year).ok()?;
    let [month, day, hour, minute, second] = [
        local.month,
        local.day,
        local.hour,
        local.minute,
        local.second,
    ]
    .map(|part| i8::try_from(part).unwrap_or(-1));
    DateTime::new(year, month, day, hour, minute, second, 0).ok()
}

fn local_to_wire(local: DateTime) -> LocalDatetime {
    LocalDatetime {
        year: local.year().into(),
        month: local.month().unsigned_abs(),
        day: local.day().unsigned_abs(),
        hour: local.hour().unsigned_abs(),
        minute: local.minute().unsigned_abs(),
        second: local.second().unsigned_abs(),
    }
}

/// Exports a [`Strategy`] from the component. Use it once, at the top level of the crate.
///
/// Version and summary are the `version` and `description` in the crate's `Cargo.toml`. Outside WebAssembly it exports
/// nothing, so the crate's tests are ordinary ones.
#[macro_export]
macro_rules! export_strategy {
    ($strategy:ty) => {
        const _: fn() = || {
            fn is_strategy<S: $crate::Strategy>() {}
            is_strategy::<$strategy>();
        };

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::bindings::strategy::exports::gatewit::plugin::check_in_strategy as wire;

            struct Exported;

            impl wire::Guest for Exported {
                fn describe() -> wire::Description {
                    $crate::export::describe::<$strategy>(
                        env!("CARGO_PKG_VERSION"),
                        env!("CARGO_PKG_DESCRIPTION"),
                    )
                }

                fn check_options(options: String) -> Result<(), String> {
                    $crate::export::check_options::<$strategy>(&options)
                }

                fn windows(
                    options: String,
                    event: wire::Event,
                    holder: wire::Holder,
                ) -> Result<Vec<wire::Window>, String> {
                    $crate::export::windows::<$strategy>(&options, event, holder)
                }
            }

    $crate::bindings::strategy::export!(Exported with_types_in $crate::bindings::strategy);
        };
    };
}

#[cfg(test)]
mod tests {
    use jiff::civil::datetime;

    use super::*;

    #[test]
    fn a_local_time_survives_the_way_there_and_back() {
        let local = datetime(2025, 12, 31, 23, 59, 58, 0);
        assert_eq!(local_from_wire(local_to_wire(local)), Some(local));
    }

    #[test]
    fn a_date_that_does_not_exist_is_refused() {
        let february_30 = LocalDatetime {
            year: 2025,
            month: 2,
            day: 30,
            hour: 0,
            minute: 0,
            second: 0,
        };
        assert_eq!(local_from_wire(february_30), None);
        assert_eq!(
            local_from_wire(LocalDatetime {
                day: 255,
                ..february_30
            }),
            None
        );
        assert_eq!(
            local_from_wire(LocalDatetime {
                day: 1,
                year: i32::MAX,
                ..february_30
            }),
            None
        );
    }

    #[test]
    fn an_event_outside_of_all_calendars_is_an_error_not_a_panic() {
        let never = wire::Zoned {
            instant: i64::MAX,
            local: LocalDatetime {
                year: 2025,
                month: 1,
                day: 1,
                hour: 0,
                minute: 0,
                second: 0,
            },
        };
        assert!(zoned(never).is_err());
    }
}
