//! Commands that administer a server. Nothing is administered: each effect is recorded and said to be simulated.

use super::Specification;
use crate::fault::Stop;
use crate::machine::Machine;
use crate::pipeline::Call;
use crate::simulation::{Service, User};
use crate::value::{CUSTOM, Kind, Value};

pub const COMMANDS: &[Specification] = &[
    Specification::new("New-LocalUser", new_user)
        .takes(&["name"])
        .valued(&["password", "fullname", "description", "accountexpires"])
        .switches(&[
            "nopassword",
            "passwordneverexpires",
            "accountneverexpires",
            "disabled",
            "usermaynotchangepassword",
        ]),
    Specification::new("Get-LocalUser", get_user).takes(&["name"]),
    Specification::new("Remove-LocalUser", remove_user).takes(&["name"]),
    Specification::new("Enable-LocalUser", enable_user).takes(&["name"]),
    Specification::new("Disable-LocalUser", disable_user).takes(&["name"]),
    Specification::new("New-LocalGroup", new_group)
        .takes(&["name"])
        .valued(&["description"]),
    Specification::new("Get-LocalGroup", get_group).takes(&["name"]),
    Specification::new("Add-LocalGroupMember", add_member)
        .takes(&["group", "member"])
        .valued(&["name"]),
    Specification::new("Remove-LocalGroupMember", remove_member)
        .takes(&["group", "member"])
        .valued(&["name"]),
    Specification::new("Get-LocalGroupMember", get_members)
        .takes(&["group"])
        .valued(&["name"]),
    Specification::new("ConvertTo-SecureString", secure)
        .takes(&["string"])
        .switches(&["asplaintext", "force"]),
    Specification::new("Get-Service", get_service)
        .aliases(&["gsv"])
        .takes(&["name"])
        .valued(&["displayname"]),
    Specification::new("Start-Service", start_service)
        .aliases(&["sasv"])
        .takes(&["name"])
        .switches(&["passthru"]),
    Specification::new("Stop-Service", stop_service)
        .aliases(&["spsv"])
        .takes(&["name"])
        .switches(&["force", "passthru", "nowait"]),
    Specification::new("Restart-Service", restart_service)
        .takes(&["name"])
        .switches(&["force", "passthru"]),
    Specification::new("Set-Service", set_service)
        .takes(&["name"])
        .valued(&["startuptype", "status", "displayname", "description"]),
    Specification::new("New-Service", new_service)
        .takes(&["name", "binarypathname"])
        .valued(&["displayname", "startuptype", "description"]),
    Specification::new("Install-WindowsFeature", install)
        .aliases(&["Add-WindowsFeature"])
        .takes(&["name"])
        .switches(&["includemanagementtools", "includeallsubfeature", "restart"]),
    Specification::new("Uninstall-WindowsFeature", uninstall)
        .aliases(&["Remove-WindowsFeature"])
        .takes(&["name"])
        .switches(&["restart", "remove"]),
    Specification::new("Get-WindowsFeature", get_feature).takes(&["name"]),
    Specification::new("Restart-Computer", restart)
        .valued(&["computername", "timeout", "delay"])
        .switches(&["force", "wait"]),
    Specification::new("New-NetFirewallRule", firewall).valued(&[
        "displayname",
        "name",
        "direction",
        "localport",
        "protocol",
        "action",
        "profile",
        "remoteaddress",
        "program",
        "description",
        "enabled",
    ]),
    Specification::new("Import-PfxCertificate", certificate)
        .takes(&["filepath", "certstorelocation"])
        .valued(&["password"])
        .switches(&["exportable"]),
    Specification::new("Import-Certificate", certificate)
        .takes(&["filepath"])
        .valued(&["certstorelocation"]),
    Specification::new("Set-TimeZone", time_zone)
        .takes(&["name"])
        .valued(&["id"]),
    Specification::new("Rename-Computer", rename)
        .takes(&["newname"])
        .switches(&["force", "restart"]),
];

/// The names a command is about: given, or down the pipeline.
fn names(call: &mut Call, parameter: &str) -> Vec<String> {
    let named = call.texts(parameter);
    if !named.is_empty() {
        return named;
    }
    std::mem::take(&mut call.seen).iter().map(Value::show).collect()
}

fn user(user: &User) -> Value {
    let fields = vec![
        ("Name", Value::text(&user.name)),
        ("Enabled", Value::Bool(user.enabled)),
        ("Description", Value::text(&user.description)),
        ("FullName", Value::text(&user.full_name)),
    ];
    Value::object(Kind::Object("Microsoft.PowerShell.Commands.LocalUser"), fields)
}

fn new_user(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let name = call.required("name")?;
    if machine.simulation.users.contains_key(&name.to_lowercase()) {
        let types = &["Microsoft.PowerShell.Commands.UserExistsException"];
        machine.complain(call, types, format!("User {name} already exists."))?;
        return Ok(Vec::new());
    }
    let made = User {
        full_name: call.text("fullname").unwrap_or_default(),
        description: call.text("description").unwrap_or_default(),
        enabled: !call.is("disabled"),
        name: name.clone(),
    };
    machine.simulation.users.insert(name.to_lowercase(), made.clone());
    machine.simulated("New-LocalUser", Some(format!("created the local user `{name}`")));
    Ok(vec![user(&made)])
}

fn get_user(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    machine.simulated("Get-LocalUser", None);
    let wanted = names(call, "name");
    if wanted.is_empty() {
        return Ok(machine.simulation.users.values().map(user).collect());
    }
    let mut found = Vec::new();
    for name in wanted {
        match machine.simulation.users.get(&name.to_lowercase()).map(user) {
            Some(value) => found.push(value),
            None => no_user(machine, call, &name)?,
        }
    }
    Ok(found)
}

fn no_user(machine: &mut Machine<'_>, call: &Call, name: &str) -> Result<(), Stop> {
    let types = &["Microsoft.PowerShell.Commands.UserNotFoundException"];
    machine.complain(call, types, format!("User {name} was not found."))
}

fn remove_user(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    for name in names(call, "name") {
        match machine.simulation.users.remove(&name.to_lowercase()) {
            Some(_) => machine.simulated("Remove-LocalUser", Some(format!("removed the local user `{name}`"))),
            None => no_user(machine, call, &name)?,
        }
    }
    Ok(Vec::new())
}

fn switch_user(machine: &mut Machine<'_>, call: &mut Call, enabled: bool) -> Result<Vec<Value>, Stop> {
    for name in names(call, "name") {
        match machine.simulation.users.get_mut(&name.to_lowercase()) {
            Some(known) => {
                known.enabled = enabled;
                let done = if enabled { "enabled" } else { "disabled" };
                machine.simulated("Enable-LocalUser", Some(format!("{done} the local user `{name}`")));
            }
            None => no_user(machine, call, &name)?,
        }
    }
    Ok(Vec::new())
}

fn enable_user(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    switch_user(machine, call, true)
}

fn disable_user(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    switch_user(machine, call, false)
}

fn group(name: &str) -> Value {
    Value::object(
        Kind::Object("Microsoft.PowerShell.Commands.LocalGroup"),
        vec![("Name", Value::text(name))],
    )
}

fn new_group(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let name = call.required("name")?;
    if machine.simulation.groups.contains_key(&name.to_lowercase()) {
        let types = &["Microsoft.PowerShell.Commands.GroupExistsException"];
        machine.complain(call, types, format!("Group {name} already exists."))?;
        return Ok(Vec::new());
    }
    machine
        .simulation
        .groups
        .insert(name.to_lowercase(), (name.clone(), std::collections::BTreeSet::new()));
    machine.simulated("New-LocalGroup", Some(format!("created the local group `{name}`")));
    Ok(vec![group(&name)])
}

fn get_group(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    machine.simulated("Get-LocalGroup", None);
    let wanted = names(call, "name");
    if wanted.is_empty() {
        return Ok(machine
            .simulation
            .groups
            .values()
            .map(|(name, _)| group(name))
            .collect());
    }
    let mut found = Vec::new();
    for name in wanted {
        match machine
            .simulation
            .groups
            .get(&name.to_lowercase())
            .map(|(name, _)| group(name))
        {
            Some(value) => found.push(value),
            None => no_group(machine, call, &name)?,
        }
    }
    Ok(found)
}

fn no_group(machine: &mut Machine<'_>, call: &Call, name: &str) -> Result<(), Stop> {
    let types = &["Microsoft.PowerShell.Commands.GroupNotFoundException"];
    machine.complain(call, types, format!("Group {name} was not found."))
}

fn group_name(call: &Call) -> Result<String, Stop> {
    match call.text("name") {
        Some(name) => Ok(name),
        None => call.required("group"),
    }
}

fn add_member(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let name = group_name(call)?;
    for member in names(call, "member") {
        let known = machine.simulation.users.contains_key(&member.to_lowercase()) || member.contains('\\');
        let Some((group, members)) = machine.simulation.groups.get_mut(&name.to_lowercase()) else {
            no_group(machine, call, &name)?;
            break;
        };
        if !known {
            let types = &["Microsoft.PowerShell.Commands.PrincipalNotFoundException"];
            machine.complain(call, types, format!("Principal {member} was not found."))?;
        } else if !members.insert(member.clone()) {
            let types = &["Microsoft.PowerShell.Commands.MemberExistsException"];
            machine.complain(call, types, format!("{member} is already a member of group {name}."))?;
        } else {
            let effect = format!("added `{member}` to the local group `{group}`");
            machine.simulated("Add-LocalGroupMember", Some(effect));
        }
    }
    Ok(Vec::new())
}

fn remove_member(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let name = group_name(call)?;
    for member in names(call, "member") {
        let Some((group, members)) = machine.simulation.groups.get_mut(&name.to_lowercase()) else {
            no_group(machine, call, &name)?;
            break;
        };
        if members.remove(&member) {
            let effect = format!("removed `{member}` from the local group `{group}`");
            machine.simulated("Remove-LocalGroupMember", Some(effect));
        } else {
            let types = &["Microsoft.PowerShell.Commands.MemberNotFoundException"];
            machine.complain(call, types, format!("Member {member} was not found in group {name}."))?;
        }
    }
    Ok(Vec::new())
}

fn get_members(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    machine.simulated("Get-LocalGroupMember", None);
    let name = group_name(call)?;
    let Some((_, members)) = machine.simulation.groups.get(&name.to_lowercase()) else {
        no_group(machine, call, &name)?;
        return Ok(Vec::new());
    };
    let member = |name: &String| {
        Value::object(
            CUSTOM,
            vec![("ObjectClass", Value::text("User")), ("Name", Value::text(name))],
        )
    };
    Ok(members.iter().map(member).collect())
}

fn secure(_: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    if !call.is("asplaintext") {
        return Err(Stop::unsupported("an encrypted string", call.at));
    }
    // The text itself is not kept: nothing here needs it, and it must not be shown.
    Ok(vec![Value::object(
        Kind::Object("System.Security.SecureString"),
        vec![("Length", Value::count(call.required("string")?.chars().count()))],
    )])
}

fn service(service: &Service) -> Value {
    let fields = vec![
        (
            "Status",
            Value::text(if service.running { "Running" } else { "Stopped" }),
        ),
        ("Name", Value::text(&service.name)),
        ("DisplayName", Value::text(&service.display)),
        ("StartType", Value::text(&service.start)),
    ];
    Value::object(Kind::Object("System.ServiceProcess.ServiceController"), fields)
}

fn services(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<String>, Stop> {
    let mut found = Vec::new();
    for name in names(call, "name") {
        let wild = crate::patterns::is_wildcard(&name);
        let mut matched = Vec::new();
        for key in machine.simulation.services.keys() {
            if crate::patterns::like(key, &name, false).map_err(|wrong| wrong.at(call.at))? {
                matched.push(key.clone());
            }
        }
        if matched.is_empty() && !wild {
            let types = &["Microsoft.PowerShell.Commands.ServiceCommandException"];
            machine.complain(
                call,
                types,
                format!("Cannot find any service with service name '{name}'."),
            )?;
        }
        found.append(&mut matched);
    }
    Ok(found)
}

fn get_service(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    machine.simulated("Get-Service", None);
    if call.get("name").is_none() && call.seen.is_empty() {
        return Ok(machine.simulation.services.values().map(service).collect());
    }
    let found = services(machine, call)?;
    Ok(found
        .iter()
        .filter_map(|key| machine.simulation.services.get(key))
        .map(service)
        .collect())
}

/// Starts or stops services, and says so where that changed anything.
fn run_services(machine: &mut Machine<'_>, call: &mut Call, running: bool) -> Result<Vec<Value>, Stop> {
    let mut values = Vec::new();
    for key in services(machine, call)? {
        let Some(known) = machine.simulation.services.get_mut(&key) else {
            continue;
        };
        let changed = known.running != running;
        known.running = running;
        let known = known.clone();
        if changed {
            let done = if running { "started" } else { "stopped" };
            machine.simulated(&call.name, Some(format!("{done} the service `{}`", known.name)));
        }
        values.push(service(&known));
    }
    Ok(if call.is("passthru") { values } else { Vec::new() })
}

fn start_service(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    run_services(machine, call, true)
}

fn stop_service(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    run_services(machine, call, false)
}

fn restart_service(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let mut values = Vec::new();
    for key in services(machine, call)? {
        let Some(known) = machine.simulation.services.get_mut(&key) else {
            continue;
        };
        known.running = true;
        let known = known.clone();
        machine.simulated(
            "Restart-Service",
            Some(format!("restarted the service `{}`", known.name)),
        );
        values.push(service(&known));
    }
    Ok(if call.is("passthru") { values } else { Vec::new() })
}

fn set_service(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    for key in services(machine, call)? {
        let Some(known) = machine.simulation.services.get_mut(&key) else {
            continue;
        };
        if let Some(start) = call.text("startuptype") {
            known.start = start;
        }
        if let Some(status) = call.text("status") {
            known.running = status.eq_ignore_ascii_case("running");
        }
        if let Some(display) = call.text("displayname") {
            known.display = display;
        }
        let name = known.name.clone();
        machine.simulated("Set-Service", Some(format!("changed the service `{name}`")));
    }
    Ok(Vec::new())
}

fn new_service(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let name = call.required("name")?;
    let made = Service {
        display: call.text("displayname").unwrap_or_else(|| name.clone()),
        start: call.text("startuptype").unwrap_or_else(|| "Automatic".to_owned()),
        running: false,
        name: name.clone(),
    };
    machine.simulation.services.insert(name.to_lowercase(), made.clone());
    machine.simulated("New-Service", Some(format!("created the service `{name}`")));
    Ok(vec![service(&made)])
}

fn change_features(machine: &mut Machine<'_>, call: &mut Call, install: bool) -> Result<Vec<Value>, Stop> {
    let mut changed = false;
    let wanted = names(call, "name");
    for name in &wanted {
        let known = machine.simulation.features.contains_key(&name.to_lowercase());
        if known == install {
            continue;
        }
        changed = true;
        let done = match install {
            true => {
                machine.simulation.features.insert(name.to_lowercase(), name.clone());
                "installed"
            }
            false => {
                machine.simulation.features.remove(&name.to_lowercase());
                "removed"
            }
        };
        machine.simulated(&call.name, Some(format!("{done} the Windows feature `{name}`")));
    }
    let code = if changed { "Success" } else { "NoChangeNeeded" };
    let fields = vec![
        ("Success", Value::Bool(true)),
        ("RestartNeeded", Value::text("No")),
        ("ExitCode", Value::text(code)),
        ("FeatureResult", Value::list(wanted.iter().map(Value::text).collect())),
    ];
    Ok(vec![Value::object(CUSTOM, fields)])
}

fn install(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    change_features(machine, call, true)
}

fn uninstall(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    change_features(machine, call, false)
}

fn get_feature(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    machine.simulated("Get-WindowsFeature", None);
    let feature = |name: &str, installed: bool| {
        let state = if installed { "Installed" } else { "Available" };
        let fields = vec![
            ("Name", Value::text(name)),
            ("Installed", Value::Bool(installed)),
            ("InstallState", Value::text(state)),
        ];
        Value::object(CUSTOM, fields)
    };
    let wanted = names(call, "name");
    if wanted.is_empty() {
        return Ok(machine
            .simulation
            .features
            .values()
            .map(|name| feature(name, true))
            .collect());
    }
    let known = |name: &String| machine.simulation.features.contains_key(&name.to_lowercase());
    Ok(wanted.iter().map(|name| feature(name, known(name))).collect())
}

fn restart(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let name = call.text("computername").unwrap_or_else(|| "this computer".to_owned());
    machine.simulated("Restart-Computer", Some(format!("restarted {name}")));
    Ok(Vec::new())
}

fn firewall(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let name = call.text("displayname").or_else(|| call.text("name"));
    let name = name.ok_or_else(|| Stop::unsupported("a firewall rule without a name", call.at))?;
    machine.simulated(
        "New-NetFirewallRule",
        Some(format!("created the firewall rule `{name}`")),
    );
    let or = |parameter: &str, usual: &str| Value::text(call.text(parameter).unwrap_or_else(|| usual.to_owned()));
    let fields = vec![
        ("DisplayName", Value::text(&name)),
        ("Direction", or("direction", "Inbound")),
        ("Action", or("action", "Allow")),
        ("Enabled", Value::text("True")),
    ];
    Ok(vec![Value::object(CUSTOM, fields)])
}

fn certificate(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let path = call.required("filepath")?;
    let store = call
        .text("certstorelocation")
        .unwrap_or_else(|| "the current store".to_owned());
    machine.simulated(
        &call.name,
        Some(format!("imported the certificate `{path}` into {store}")),
    );
    Ok(Vec::new())
}

fn time_zone(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let name = call.text("id").map_or_else(|| call.required("name"), Ok)?;
    machine.simulated("Set-TimeZone", Some(format!("set the time zone to `{name}`")));
    Ok(Vec::new())
}

fn rename(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let name = call.required("newname")?;
    machine.simulated("Rename-Computer", Some(format!("renamed the computer to `{name}`")));
    Ok(Vec::new())
}
