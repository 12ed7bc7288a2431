//! The machine that administrative commands act on: its users, groups, services and features, as a fresh server has them.

use std::collections::{BTreeMap, BTreeSet};

/// A service and whether it runs.
#[derive(Debug, Clone)]
pub struct Service {
    pub name: String,
    pub display: String,
    pub running: bool,
    pub start: String,
}

/// A user of the machine.
#[derive(Debug, Clone)]
pub struct User {
    pub name: String,
    pub full_name: String,
    pub description: String,
    pub enabled: bool,
}

/// What is simulated of a server. Keys are in small letters.
#[derive(Debug, Default)]
pub struct Simulation {
    pub users: BTreeMap<String, User>,
    /// The members of each group, and the group's name as it is shown.
    pub groups: BTreeMap<String, (String, BTreeSet<String>)>,
    pub services: BTreeMap<String, Service>,
    pub features: BTreeMap<String, String>,
}

const SERVICES: &[(&str, &str, bool)] = &[
    ("W32Time", "Windows Time", true),
    ("WinRM", "Windows Remote Management (WS-Management)", true),
    ("Spooler", "Print Spooler", true),
    ("wuauserv", "Windows Update", false),
    ("BITS", "Background Intelligent Transfer Service", false),
];
const USERS: &[(&str, &str, bool)] = &[
    (
        "Administrator",
        "Built-in account for administering the computer/domain",
        true,
    ),
    (
        "Guest",
        "Built-in account for guest access to the computer/domain",
        false,
    ),
];
const GROUPS: &[&str] = &["Administrators", "Users", "Remote Desktop Users", "Guests"];

impl Simulation {
    pub fn new() -> Self {
        let mut simulation = Simulation::default();
        for (name, display, running) in SERVICES {
            simulation.services.insert(
                name.to_lowercase(),
                Service {
                    name: (*name).to_owned(),
                    display: (*display).to_owned(),
                    running: *running,
                    start: if *running { "Automatic" } else { "Manual" }.to_owned(),
                },
            );
        }
        for (name, description, enabled) in USERS {
            simulation.users.insert(
                name.to_lowercase(),
                User {
                    name: (*name).to_owned(),
                    full_name: String::new(),
                    description: (*description).to_owned(),
                    enabled: *enabled,
                },
            );
        }
        for name in GROUPS {
            let members = if *name == "Administrators" {
                BTreeSet::from(["Administrator".to_owned()])
            } else {
                BTreeSet::new()
            };
            simulation
                .groups
                .insert(name.to_lowercase(), ((*name).to_owned(), members));
        }
        simulation
    }
}
