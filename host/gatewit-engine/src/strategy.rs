//! Runs a strategy: every call on a fresh instance and within its limits. Any misbehaviour becomes a [`CallError`].

use gatewit_domain::plugin::{CallError, PluginKind, PluginWords};
use gatewit_domain::window::{self, DoorRule};
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Linker,
    Lower, TypedFunc,
};
use wasmtime::{Error, Store, Trap};

use crate::bindings::{Description, Event, Holder, Window};
use crate::convert;
use crate::errors::{self, LinkError};
use crate::resource_limits::{MemoryPeak, ResourceLimits};
use crate::runtime::TICK;
use crate::sanitize::{REASON_CHARACTERS_MAX, one_line};
use crate::settings::{CurrentPolicy, PluginLimits};

/// The most characters of an objection to options: people read it, and it may quote them.
const OBJECTION_CHARACTERS_MAX: usize = 2_000;

type Describe = TypedFunc<(), (Description,)>;
type CheckOptions<'a> = TypedFunc<(&'a str,), (Result<(), String>,)>;
type Windows<'a> = TypedFunc<(&'a str, &'a Event, &'a Holder), (Result<Vec<Window>, String>,)>;

/// A compiled strategy, ready to be called.
pub(crate) struct Strategy {
    component: InstancePre<ResourceLimits>,
    functions: Functions,
    name: String,
    policy: CurrentPolicy,
    pub memory_peak: MemoryPeak,
}

/// The indices of its functions in the component.
struct Functions {
    describe: ComponentExportIndex,
    check_options: ComponentExportIndex,
    windows: ComponentExportIndex,
}

impl Functions {
    fn find(component: &Component, interface: &str) -> Result<Self, LinkError> {
        let interface_index = component.get_export_index(None, interface);
        let find = |function: &'static str| {
            let index = component.get_export_index(interface_index.as_ref(), function);
            index.ok_or_else(|| LinkError::NoFunction {
                interface: interface.to_owned(),
                function,
            })
        };
        Ok(Self {
            describe: find("describe")?,
            check_options: find("check-options")?,
            windows: find("windows")?,
        })
    }
}

impl Strategy {
    /// Prepares a component that exports this interface and imports nothing but types.
    pub(crate) fn new(
        component: &Component,
        interface: &str,
        name: &str,
        policy: CurrentPolicy,
    ) -> Result<Self, LinkError> {
        let functions = Functions::find(component, interface)?;
        let linker = Linker::new(component.engine());
        let component = linker.instantiate_pre(component);
        let component = component.map_err(|err| LinkError::Imports(errors::whole(&err)))?;
        let strategy = Self {
            component,
            functions,
            name: name.to_owned(),
            policy,
            memory_peak: MemoryPeak::default(),
        };
        strategy.check_types(interface)?;
        Ok(strategy)
    }

    /// Instantiates it once and checks the types of its functions.
    fn check_types(&self, interface: &str) -> Result<(), LinkError> {
        let (mut store, instance) = self.instantiate(&self.limits())?;
        let mismatch = |function: &'static str, err: Error| {
            // The outermost error says that there is a mismatch; its causes say where.
            let details: Vec<String> = err.chain().skip(1).map(ToString::to_string).collect();
            LinkError::FunctionType {
                interface: interface.to_owned(),
                function,
                details: one_line(&details.join(": "), REASON_CHARACTERS_MAX),
            }
        };
        let Functions {
            describe,
            check_options,
            windows,
        } = &self.functions;
        let typed: Result<Describe, _> = instance.get_typed_func(&mut store, describe);
        typed.map_err(|err| mismatch("describe", err))?;
        let typed: Result<CheckOptions, _> = instance.get_typed_func(&mut store, check_options);
        typed.map_err(|err| mismatch("check-options", err))?;
        let typed: Result<Windows, _> = instance.get_typed_func(&mut store, windows);
        typed.map_err(|err| mismatch("windows", err))?;
        Ok(())
    }

    /// The plugin's description of itself.
    pub(crate) fn describe(&self) -> Result<Description, CallError> {
        let (description,) = self.call(&self.functions.describe, ())?;
        Ok(description)
    }

    /// Asks whether options are acceptable; the inner error is the objection.
    pub(crate) fn check_options(
        &self,
        options: &str,
    ) -> Result<Result<(), PluginWords>, CallError> {
        let (verdict,): (Result<(), String>,) =
            self.call(&self.functions.check_options, (options,))?;
        Ok(verdict.map_err(|objection| one_line(&objection, OBJECTION_CHARACTERS_MAX).into()))
    }

    /// Asks for the windows, and checks that the answer is valid.
    pub(crate) fn windows(
        &self,
        rule: &DoorRule,
        holder: &window::Holder,
    ) -> Result<Vec<gatewit_decision::Window>, CallError> {
        let (event, holder) = (convert::event(rule), convert::holder(holder));
        let question = (rule.options.as_str(), &event, &holder);
        let (answer,): (Result<Vec<Window>, String>,) =
            self.call(&self.functions.windows, question)?;
        let windows = answer.map_err(|words| {
            CallError::AnsweredError(one_line(&words, REASON_CHARACTERS_MAX).into())
        })?;
        let windows = convert::proposed(&windows)?;
        Ok(window::resolve(&windows, &rule.calendar)?)
    }

    fn call<P, R>(&self, function: &ComponentExportIndex, params: P) -> Result<R, CallError>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift,
    {
        let limits = self.limits();
        let (mut store, instance) = self.instantiate(&limits)?;
        let function: Result<TypedFunc<P, R>, Error> =
            instance.get_typed_func(&mut store, function);
        let answer = function.and_then(|function| function.call(&mut store, params));
        answer.map_err(|err| call_error(&store, &limits, &err))
    }

    fn limits(&self) -> PluginLimits {
        self.policy.limits_of(&self.name)
    }

    fn instantiate(
        &self,
        limits: &PluginLimits,
    ) -> Result<(Store<ResourceLimits>, Instance), CallError> {
        let resources = ResourceLimits::new(limits.guest, self.memory_peak.clone());
        let mut store = Store::new(self.component.engine(), resources);
        store.limiter(|resources| resources);
        store.set_hostcall_fuel(limits.guest.answer_bytes);
        store.set_max_component_handles(limits.guest.handles);
        store.set_epoch_deadline(ticks(limits));
        match self.component.instantiate(&mut store) {
            Ok(instance) => Ok((store, instance)),
            Err(err) => Err(call_error(&store, limits, &err)),
        }
    }
}

fn call_error(store: &Store<ResourceLimits>, limits: &PluginLimits, err: &Error) -> CallError {
    match err.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => CallError::TimedOut {
            kind: PluginKind::Strategy,
            limit: limits.timeout,
        },
        _ => errors::call_error(store.data(), err),
    }
}

/// The number of ticks of the runtime's clock that a call may run. The first may come at once, so it does not count.
fn ticks(limits: &PluginLimits) -> u64 {
    let ticks = limits.timeout.as_millis().div_ceil(TICK.as_millis());
    u64::try_from(ticks).unwrap_or(u64::MAX >> 1) + 1
}
