//! A figure beside its bar, the least that is good enough, and its aim.

use std::fmt;

use crate::figures::median;

/// What a figure should be: the bar, then the aim.
#[derive(Clone, Copy)]
pub enum Goal {
    AtLeast(f64, f64),
    AtMost(f64, f64),
    /// It tells where time and memory go.
    None,
}

/// A figure with one value for each round.
pub struct Figure {
    name: String,
    goal: Goal,
    values: Vec<f64>,
}

impl Figure {
    pub fn new(name: impl Into<String>, goal: Goal, values: Vec<f64>) -> Self {
        let name = name.into();
        Self { name, goal, values }
    }

    /// Writes the heading of such figures.
    pub fn heading(f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<36}{:>9}   {:<20}{:>8}{:>8}   holds",
            "", "median", "rounds", "bar", "aim"
        )
    }
}

/// One line, or none if nothing was measured.
impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, goal, values } = self;
        if values.is_empty() {
            return Ok(());
        }
        let median = median(values.iter().copied());
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(0.0, f64::max);
        let rounds = match values.len() {
            1 => String::new(),
            _ => format!("{low:.2} to {high:.2}"),
        };
        let goals = goal.judge(median);
        let line = format!("{name:<36}{median:>9.2}   {rounds:<20}{goals}");
        writeln!(f, "{}", line.trim_end())
    }
}

impl Goal {
    fn judge(self, figure: f64) -> String {
        let (sign, bar, aim, direction) = match self {
            Self::AtLeast(bar, aim) => ('≥', bar, aim, 1.0),
            Self::AtMost(bar, aim) => ('≤', bar, aim, -1.0),
            Self::None => return String::new(),
        };
        let reaches = |goal: f64| (figure - goal) * direction >= 0.0;
        let held = match (reaches(aim), reaches(bar)) {
            (true, _) => "aim",
            (false, true) => "bar",
            (false, false) => "NO",
        };
        let (bar, aim) = (format!("{sign} {bar}"), format!("{sign} {aim}"));
        format!("{bar:>8}{aim:>8}   {held}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_says_whether_its_median_holds() {
        let held = |goal, values: &[f64]| {
            let line = Figure::new("a", goal, values.to_vec()).to_string();
            line.split_whitespace().last().map(str::to_owned)
        };
        let least = Goal::AtLeast(0.65, 0.75);
        assert_eq!(held(least, &[0.1, 0.7, 0.9]).as_deref(), Some("bar"));
        assert_eq!(held(least, &[0.75]).as_deref(), Some("aim"));
        let most = Goal::AtMost(50.0, 25.0);
        assert_eq!(held(most, &[51.0]).as_deref(), Some("NO"));
        assert_eq!(held(most, &[20.0]).as_deref(), Some("aim"));
        assert_eq!(held(most, &[]), None);
    }
}
