//! The bindings generated from `wit/`, one module a world. They know nothing of the types that authors see.

pub mod strategy {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "strategy",
        pub_export_macro: true,
    });
}

pub mod backend {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "backend",
        pub_export_macro: true,
        additional_derives: [PartialEq],
    });
}
