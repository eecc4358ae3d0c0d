/**
  What a person asks of a network: the value of an option, what an expression makes of it, which sources
  it is evaluated from.

  # Inputs

  `network`
  : What `network/default.nix` gives.

  `flake`
  : The flake that the network is in, or null.

  `question`
  : `{ option = { machine; path; }; }`, `{ expression; }`, or nothing.

  # Output

  `option`
  : `{ value; }`, or `{ seen; unknown; known; }` where the path leads nowhere: how far it leads, the first
    name that is not there, and those that are.

  `expression`
  : What the expression gives; if it is a function, with the scope of the network.

  `sources`
  : Store paths of the flake and of all its inputs, or of the search path.
*/
{
  flake,
  network,
  question,
}:

let
  inherit (builtins)
    attrNames
    attrValues
    filter
    genericClosure
    head
    isAttrs
    isFunction
    isString
    tail
    toJSON
    tryEval
    unsafeDiscardStringContext
    ;

  inherit (network) lib scope;

  scrub = import ./scrub.nix;

  isOption = value: value._type or null == "option";

  # Of options that nobody names one by one, those are shown that are for people and have a value.
  isShown =
    option: value:
    option.visible or true == true
    && (tryEval (option.isDefined or true && isString (toJSON (scrub value)))).value;

  valuesOf =
    options: config:
    if options == null || isOption options then
      config
    else
      lib.mapAttrs (name: below: valuesOf below config.${name}) (
        lib.filterAttrs (
          name: below: name != "_module" && (!isOption below || isShown below config.${name})
        ) options
      );

  # Down the tree of options, and from an option on down its value.
  follow =
    seen: options: config: path:
    let
      name = head path;
      below = seen ++ [ name ];
      isTree = options != null && !isOption options;
    in
    if path == [ ] then
      { value = valuesOf options config; }
    else if isTree && options ? ${name} then
      follow below options.${name} config.${name} (tail path)
    else if isAttrs config && config ? ${name} then
      follow below null config.${name} (tail path)
    else
      {
        inherit seen;
        unknown = name;
        known =
          if isTree then
            attrNames options
          else if isAttrs config then
            attrNames config
          else
            [ ];
      };

  optionOf =
    { machine, path }:
    let
      node = network.machines.${machine} { };
    in
    follow [ ] node.options node.config path;

  sourced = flake: {
    key = unsafeDiscardStringContext "${flake.sourceInfo or flake}";
    inherit flake;
  };

  sourcesOf =
    flake:
    genericClosure {
      startSet = [ (sourced flake) ];
      operator = { flake, ... }: map sourced (attrValues (flake.inputs or { }));
    };

  isInStore = lib.hasPrefix "${builtins.storeDir}/";
in
{
  option = optionOf question.option;
  expression =
    if isFunction question.expression then question.expression scope else question.expression;
  sources =
    if flake != null then
      map (source: source.key) (sourcesOf flake)
    else
      filter isInStore (map (entry: entry.path) builtins.nixPath);
}
