//! `nixops plugin docs` on real plugins.

use insta::assert_snapshot;

use crate::{
    lab::Lab,
    plugin_lab::{REPOSITORY, copy_of, neatcloud_flake, run},
};

#[test]
#[expect(clippy::too_many_lines, reason = "what is written is long")]
fn the_options_of_a_plugin_are_written_as_markdown() {
    let lab = Lab::without_hosts();
    let docs = run(&lab, ["docs", &neatcloud_flake(), "--no-write-lock-file"]);
    assert_snapshot!(docs.exits(0).stdout, @r#"
    # Options of neatcloud 1.0

    ## Machines

    ### `deployment.neatcloud.image`

    What the server is installed with.

    * Type: string
    * Default: `"nixos"`
    * A change replaces it by a new one.

    ### `deployment.neatcloud.region`

    Region of the server.

    * Type: one of "north", "south"
    * Default: `"north"`
    * A change replaces it by a new one.

    ### `deployment.neatcloud.size`

    How big the server is.

    * Type: one of "small", "medium", "large"
    * Default: `"small"`
    * Example: `"large"`

    ### `deployment.neatcloud.sshKeys`

    Names of SSH keys of the cloud that let root in. If there are none, the cloud makes a key for the server and
    gives it to NixOps.

    * Type: list of (string or (resource of type ‘neatcloud-ssh-key’))
    * Default: `[ ]`
    * Example: `[ resources.neatcloudSshKeys.admin ]`

    ### `deployment.neatcloud.volumes`

    Names of volumes that are attached; the server has each as `/vol/NAME`.

    * Type: list of (string or (resource of type ‘neatcloud-volume’))
    * Default: `[ ]`
    * Example: `[ resources.neatcloudVolumes.data ]`

    ### Outputs of machines of `neatcloud`

    * `command`, array or null: By a command of the deployer, before which stand these words: the command that is run on the machine follows them, one word each.
    * `id`, string: Id of the server in the cloud.
    * `privateIPv4`, string or null: Address at which the other machines of the network reach it.
    * `publicIPv4`, string or null: Address at which everybody reaches it.
    * `ssh`, object or null: Over SSH.
    * `state`, string: Whether it is switched on.

    ## `resources.neatcloudSshKeys.<name>`

    A public SSH key that servers of NeatCloud let in.

    ### `name`

    Name of the key in the cloud. No other key there may have it.

    * Type: string
    * Default: `"nixops-${uuid}-${name}"`
    * A change replaces it by a new one.

    ### `publicKey`

    The key, as a line of `authorized_keys`.

    * Type: string
    * Example: `"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI… me@laptop"`

    ### Outputs

    * `name`, string: Name of the key in the cloud.

    ## `resources.neatcloudTokens.<name>`

    A token that lets programs use the interface of NeatCloud.

    ### `note`

    What the token is for.

    * Type: string
    * Default: `name`

    ### `password`

    What the holder of the token has to know beside it.

    * Type: null or string
    * Default: `null`
    * Nobody is shown its value.

    ### `scope`

    What the token allows. Another scope needs a new token.

    * Type: one of "read", "write"
    * Default: `"read"`
    * Example: `"write"`
    * A change replaces it by a new one.

    ### Outputs

    * `id`, string: Id of the token in the cloud.
    * `secret`, string: What the holder of the token shows.

    ## `resources.neatcloudVolumes.<name>`

    A volume of NeatCloud: a disk that outlives servers.

    ### `name`

    Name of the volume in the cloud. No other volume there may have it; servers have it as `/vol/NAME`.

    * Type: string
    * Default: `"nixops-${uuid}-${name}"`
    * A change replaces it by a new one.

    ### `region`

    Region of the volume, and of the servers that it can be attached to.

    * Type: one of "north", "south"
    * Default: `"north"`
    * A change replaces it by a new one.

    ### `size`

    Size in GiB. A smaller one needs a new volume.

    * Type: signed integer
    * Example: `10`

    ### Outputs

    * `id`, string: Id of the volume in the cloud.
    * `name`, string: Name of the volume in the cloud.
    * `server`, string or null: Id of the server that it is attached to.
    * `size`, integer: Size in GiB.
    "#);
    let greeter = copy_of(format!("{REPOSITORY}/templates/plugin"));
    assert_snapshot!(run(&greeter, ["docs"]).exits(0).stdout, @r#"
    # Options of greeter 0.1.0

    ## Machines

    ### `deployment.greeting`

    Name of the `resources.greetings` that is shown after a login.

    * Type: null or string
    * Default: `null`
    * Example: `"welcome"`

    ## `resources.greetings.<name>`

    Words that machines can show.

    ### `audience`

    To whom it is said.

    * Type: list of string
    * Default: `[ ]`
    * Example: `[ "sailors" ]`

    ### `text`

    What is said.

    * Type: string
    * Example: `"Welcome aboard."`

    ### `title`

    What it is called.

    * Type: string
    * Default: `"<name>"`
    "#);
}
