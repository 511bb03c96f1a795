//! An order or a ticket in a request to `/tickets/*`, before the sources are searched for it.
//!
//! The contract's own service rejects orders and tickets of any other form than its own. Sources have orders of any
//! form, so here a text is malformed only if it lacks that form and no source has it.

/// An order or a ticket as written in a request.
#[derive(Clone, Debug)]
pub struct Asked<T> {
    /// The possible meanings, starting with the text as written.
    meanings: Vec<T>,
    /// The meaning that has the contract's form. If no source has any, it may have been sold just now.
    well_formed: Option<T>,
    /// The error in the text if no source has any of them.
    fault: Option<&'static str>,
}

/// A field of a request that is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldFault {
    /// Its name in the contract: `order_id` or `ticket_id`.
    pub field: &'static str,
    /// What is wrong with it, in the words of the contract.
    pub words: &'static str,
}

impl<T: Clone> Asked<T> {
    pub(super) fn new(
        meanings: Vec<T>,
        is_well_formed: fn(&T) -> bool,
        fault: Option<&'static str>,
    ) -> Self {
        let well_formed = meanings.iter().find(|meaning| is_well_formed(meaning));
        let as_written = meanings.first().filter(|_| fault.is_none());
        Self {
            well_formed: well_formed.or(as_written).cloned(),
            meanings,
            fault,
        }
    }

    /// The error in the text if no source has it.
    pub fn fault(&self) -> Option<&'static str> {
        self.fault
    }

    /// The text as it was written.
    pub(super) fn written(&self) -> Option<&T> {
        self.meanings.first()
    }

    /// Returns the meaning to look for: the one that a source has, else the well-formed one.
    pub(super) fn sought(&self, is_known: impl Fn(&T) -> bool) -> Option<T> {
        let known = self.known(is_known);
        known.or(self.well_formed.as_ref()).cloned()
    }

    fn known(&self, is_known: impl Fn(&T) -> bool) -> Option<&T> {
        self.meanings.iter().find(|meaning| is_known(meaning))
    }

    /// Chooses the meaning that a source has, else the text as written if it is well-formed.
    pub(super) fn settle(
        &self,
        field: &'static str,
        is_known: impl Fn(&T) -> bool,
    ) -> Result<T, FieldFault> {
        let known = self.known(is_known);
        let meaning = match self.fault {
            None => known.or(self.meanings.first()),
            Some(_) => known,
        };
        let words = self.fault.unwrap_or_default();
        meaning.cloned().ok_or(FieldFault { field, words })
    }
}
