//! What must hold of a machine before its new system is there to stay.

use serde_json::json;

use crate::lab::{Lab, Run};

/// A machine `web` with these health checks.
fn web(lab: &Lab, motto: &str, checks: &str) {
    let reach = lab.reach("web");
    lab.network(&format!(
        "web = {{ {reach} environment.etc.motto.text = \"{motto}\";
           systemd.services.shop = {{
             wantedBy = [ \"multi-user.target\" ]; serviceConfig.Type = \"simple\";
             script = \"exec sleep 1000\"; }};
           deployment.healthChecks = {{ {checks} }}; }};"
    ));
}

fn deploy(lab: &Lab, arguments: &[&str]) -> Run {
    Run::of(lab.command(["deploy", "--json"]).args(arguments))
}

/// What a machine that is not healthy says.
#[track_caller]
fn trouble(run: &Run, machine: &str) -> String {
    run.exits(1);
    let outcome = &run.summary()["machines"][machine]["outcome"];
    outcome["message"].as_str().unwrap().to_owned()
}

/// Serves these bytes to everyone who connects to a port of a host, until the host ends.
fn serve(lab: &Lab, host: &str, port: u16, answer: &str) {
    let program = "import socket, sys\n\
        server = socket.create_server(('', int(sys.argv[1])))\n\
        while True:\n    client, _ = server.accept()\n    client.recv(4096)\n    \
        client.sendall(sys.argv[2].encode())\n    client.close()";
    let script = "\"$@\" >/dev/null 2>&1 & until (exec 3<>/dev/tcp/localhost/$4) 2>/dev/null; do sleep 0.05; done";
    let port = port.to_string();
    let words = [
        "bash", "-c", script, "serve", "python3", "-c", program, &port, answer,
    ];
    // The words of `python3` are $1 to $5, so that $4 is the port.
    let run: Run = lab.host(host).run(words).unwrap().into();
    run.exits(0);
}

#[test]
fn a_machine_is_looked_at_in_every_way_and_is_well() {
    let lab = Lab::with_hosts(["web"]);
    let port = lab.host("web").port;
    serve(&lab, "web", 18080, "HTTP/1.0 204 No Content\r\n\r\n");
    web(
        &lab,
        "first",
        &format!(
            "command.command = [ \"test\" \"-e\" \"/etc/motto\" ];
             http.http = {{ url = \"http://localhost:18080/\"; status = 204; }};
             ssh.tcp = {{ port = {port}; host = \"{}\"; }};
             outside = {{ tcp = {port}; from = \"deployer\"; }};
             mine = {{ command = [ \"test\" \"-d\" \".\" ]; from = \"deployer\"; }};
             shop.unit = \"shop.service\";",
            lab.host("web").address
        ),
    );
    let run = deploy(&lab, &[]);
    run.exits(0);
    assert_eq!(run.result("web"), "activated");
    let check = lab.nixops(["check", "--json", "--full", "100"]);
    check.exits(0);
    let checks = &check.json()["machines"]["web"]["healthChecks"];
    let well = json!({
        "command": null, "http": null, "mine": null, "outside": null, "shop": null, "ssh": null,
    });
    assert_eq!(*checks, well);
}

#[test]
fn what_is_not_well_says_what_was_expected_and_what_was_found() {
    let lab = Lab::with_hosts(["web"]);
    serve(&lab, "web", 18081, "HTTP/1.0 503 Not Now\r\n\r\n");
    let once = "retries = 0;";
    web(
        &lab,
        "first",
        &format!(
            "answer = {{ http = \"http://localhost:18081/\"; {once} }};
             nobody = {{ http = \"http://localhost:9/\"; {once} }};
             port = {{ tcp = 9; {once} }};
             program = {{ command = [ \"sh\" \"-c\" \"echo no luck >&2; exit 3\" ]; {once} }};
             there = {{ command = [ \"no-such-program\" ]; {once} }};
             unit = {{ unit = \"lost.service\"; {once} }};
             mine = {{ command = [ \"false\" ]; from = \"deployer\"; {once} }};
             well = {{ command = [ \"true\" ]; }};"
        ),
    );
    let said = trouble(&deploy(&lab, &[]), "web");
    for expected in [
        "health check answer (http://localhost:18081/): status 503 instead of 200",
        "health check nobody (http://localhost:9/): Failed to connect to localhost port 9",
        "health check port (port 9): Connection refused",
        "health check program (`sh -c 'echo no luck >&2; exit 3'`): exit status 3: no luck",
        "health check there (`no-such-program`): it could not be looked at: ",
        "health check unit (lost.service): inactive instead of active",
        "health check mine (`false`): exit status 1",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert!(!said.contains("health check well"), "{said}");
}

#[test]
fn a_check_that_never_answers_is_given_up_after_its_time() {
    let lab = Lab::with_hosts(["web"]);
    web(
        &lab,
        "first",
        "slow = { command = [ \"sleep\" \"1234\" ]; timeout = 1; retries = 1; interval = 1; };",
    );
    let begun = std::time::Instant::now();
    let said = trouble(&deploy(&lab, &[]), "web");
    assert!(
        said.contains("health check slow (`sleep 1234`): no answer within 1 s, 2 times"),
        "{said}"
    );
    assert!(begun.elapsed().as_secs() < 60);
    // Nothing of it goes on there.
    let left = lab.on(
        "web",
        "cat /proc/[0-9]*/cmdline 2> /dev/null | tr '\\0' ' '",
    );
    assert!(left.contains("sshd"), "{left}");
    assert!(!left.contains("sleep 1234"), "{left}");
    assert!(!left.contains("timeout -k"), "{left}");
}

#[test]
fn a_service_may_take_a_while_until_it_is_ready() {
    let lab = Lab::with_hosts(["web"]);
    let reach = lab.reach("web");
    lab.network(&format!(
        "web = {{ {reach}
           systemd.services.late = {{
             wantedBy = [ \"multi-user.target\" ]; serviceConfig.Type = \"simple\";
             script = \"sleep 2; touch /run/ready; exec sleep 1000\"; }};
           deployment.healthChecks.ready = {{
             command = [ \"test\" \"-e\" \"/run/ready\" ]; retries = 20; interval = 1; }}; }};"
    ));
    deploy(&lab, &[]).exits(0);
}

#[test]
fn a_check_of_what_was_deployed_finds_what_has_failed_since() {
    let lab = Lab::with_hosts(["web"]);
    web(
        &lab,
        "first",
        "ready.command = [ \"test\" \"-e\" \"/run/ready\" ];",
    );
    let touch: Run = lab.host("web").run(["touch", "/run/ready"]).unwrap().into();
    touch.exits(0);
    deploy(&lab, &[]).exits(0);
    let gone: Run = lab.host("web").run(["rm", "/run/ready"]).unwrap().into();
    gone.exits(0);
    let check = lab.nixops(["check", "--json", "--full", "100"]);
    check.exits(16);
    let found = &check.json()["machines"]["web"]["healthChecks"]["ready"];
    assert_eq!(*found, "exit status 1");
    let people = lab.nixops(["check", "--full", "100"]);
    people.exits(16);
    for words in [
        "web: health check ready: exit status 1",
        "1 with failed health checks",
    ] {
        assert!(people.stdout.contains(words), "{people:?}");
    }
}

#[test]
fn a_health_check_that_makes_no_sense_is_an_error_that_names_it() {
    let lab = Lab::without_hosts();
    lab.network(
        "a.deployment.healthChecks.web = { unit = \"nginx\"; tcp = 80; };
         b.deployment.healthChecks.web = { };
         c.deployment.healthChecks.web = { unit = \"nginx\"; from = \"deployer\"; };",
    );
    lab.nixops(["eval", "--json", "--options-only"])
        .exits(1)
        .says("deployment.healthChecks.web of machine a must have exactly one of")
        .says("but has tcp and unit")
        .says("but has none")
        .says("is about a unit, which only the machine itself can see");
}
