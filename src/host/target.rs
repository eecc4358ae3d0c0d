/// How a machine is reached, in the words of its `deployment.*` options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The machine's name in the network.
    pub machine: String,
    /// `deployment.targetHost`: a name that ssh knows, or an address.
    pub host: String,
    /// `deployment.targetPort`.
    pub port: Option<u16>,
    /// `deployment.targetUser`; empty leaves it to ssh.
    pub user: String,
    /// `deployment.sshOptions`: words as on the command line of ssh.
    pub ssh_options: Vec<String>,
    /// `deployment.privilegeEscalationCommand`: words before a command that needs root, such as `sudo -H --`.
    pub privilege_escalation_command: Vec<String>,
    /// `deployment.hasFastConnection`: the connection is not worth compressing.
    pub fast_connection: bool,
}
