/**
  Patterns of JSON Schema, which are regular expressions of ECMAScript, for `builtins.match`, which
  takes those of POSIX and wants them to match the whole text.

  What POSIX has no word for, such as looking ahead, is not checked here: the same schema is checked
  again before a provider sees the value.
*/
{ lib }:
let
  inherit (builtins) elem substring stringLength;

  classes = {
    d = "0-9";
    w = "A-Za-z0-9_";
    s = "[:space:]";
  };
  negated = {
    D = "0-9";
    W = "A-Za-z0-9_";
    S = "[:space:]";
  };
  controls = {
    n = "\n";
    r = "\r";
    t = "\t";
  };

  unsupported =
    pattern: what:
    throw "JSON Schema: the pattern ${builtins.toJSON pattern} has ${what}, which Nix cannot match";

  special = lib.stringToCharacters "\\^$.|?*+()[]{}";
  literal = character: if elem character special then "\\${character}" else character;

  # POSIX has no escapes within brackets: `]` goes first, `-` last, `^` not first.
  bracket =
    {
      negative,
      items,
    }:
    let
      has = item: elem item items;
      others = lib.filter (
        item:
        !elem item [
          "]"
          "-"
          "^"
        ]
      ) items;
      inner =
        lib.optionalString (has "]") "]"
        + lib.concatStrings others
        + lib.optionalString (has "^") "^"
        + lib.optionalString (has "-") "-";
    in
    if negative then
      if items == [ ] then "." else "[^${inner}]"
    else if inner == "^" then
      "\\^"
    else if inner == "^-" then
      "[-^]"
    else
      "[${inner}]";

  translate =
    pattern:
    let
      size = stringLength pattern;
      at = index: substring index 1 pattern;

      # One character of a bracket expression, or a class: { text, next, single }.
      member =
        index:
        let
          escaped = at (index + 1);
        in
        if at index != "\\" then
          {
            text = at index;
            next = index + 1;
            single = true;
          }
        else if classes ? ${escaped} then
          {
            text = classes.${escaped};
            next = index + 2;
            single = false;
          }
        else if controls ? ${escaped} then
          {
            text = controls.${escaped};
            next = index + 2;
            single = true;
          }
        else if builtins.match "[A-Za-z0-9]" escaped != null then
          unsupported pattern "`\\${escaped}' in brackets"
        else
          {
            text = escaped;
            next = index + 2;
            single = true;
          };

      members =
        index: items:
        if index >= size then
          unsupported pattern "a bracket that nothing closes"
        else if at index == "]" then
          {
            inherit items;
            next = index + 1;
          }
        else
          let
            first = member index;
            last = member (first.next + 1);
          in
          if first.single && at first.next == "-" && at (first.next + 1) != "]" then
            members last.next (items ++ [ "${first.text}-${last.text}" ])
          else
            members first.next (items ++ [ first.text ]);

      escape =
        index:
        let
          escaped = at (index + 1);
        in
        if classes ? ${escaped} then
          "[${classes.${escaped}}]"
        else if negated ? ${escaped} then
          "[^${negated.${escaped}}]"
        else if controls ? ${escaped} then
          controls.${escaped}
        else if builtins.match "[A-Za-z0-9]" escaped != null then
          unsupported pattern "`\\${escaped}'"
        else
          literal escaped;

      # The translation from an index on; `before` is what stands before it.
      from =
        index: before:
        let
          character = at index;
          continue = text: next: from next (before + text);
          negative = at (index + 1) == "^";
          found = members (if negative then index + 2 else index + 1) [ ];
        in
        if index >= size then
          before
        else if character == "\\" then
          continue (escape index) (index + 2)
        else if character == "[" && !negative && found.items == [ ] then
          unsupported pattern "`[]'"
        else if character == "[" then
          continue (bracket {
            inherit negative;
            inherit (found) items;
          }) found.next
        else if character == "(" && at (index + 1) == "?" then
          if at (index + 2) == ":" then
            continue "(" (index + 3)
          else
            unsupported pattern "`(?${at (index + 2)}'"
        # For POSIX, a line break is a character like others.
        else if character == "." then
          continue "[^\n\r]" (index + 1)
        # What is lazy finds no other texts.
        else if
          elem character [
            "*"
            "+"
            "?"
            "}"
          ]
          && at (index + 1) == "?"
        then
          continue character (index + 2)
        else
          continue character (index + 1);
    in
    from 0 "";

  # The alternatives at the top of a pattern.
  alternatives =
    pattern:
    let
      step =
        state: character:
        if state.escaped then
          state
          // {
            escaped = false;
            current = state.current + character;
          }
        else if character == "\\" then
          state
          // {
            escaped = true;
            current = state.current + character;
          }
        else if state.bracket then
          state
          // {
            bracket = character != "]";
            current = state.current + character;
          }
        else if character == "|" && state.depth == 0 then
          state
          // {
            done = state.done ++ [ state.current ];
            current = "";
          }
        else
          state
          // {
            bracket = character == "[";
            depth =
              state.depth
              + (
                if character == "(" then
                  1
                else if character == ")" then
                  -1
                else
                  0
              );
            current = state.current + character;
          };
      end = lib.foldl' step {
        escaped = false;
        bracket = false;
        depth = 0;
        done = [ ];
        current = "";
      } (lib.stringToCharacters pattern);
    in
    end.done ++ [ end.current ];

  # Whether what follows a text is escaped by it.
  isEscaped = text: lib.hasSuffix "\\" text && !isEscaped (lib.removeSuffix "\\" text);

  # Anything at an end that has no anchor.
  whole =
    alternative:
    let
      starts = lib.hasPrefix "^" alternative;
      body = lib.removePrefix "^" alternative;
      ends = lib.hasSuffix "$" body && !isEscaped (lib.removeSuffix "$" body);
      inner = if ends then lib.removeSuffix "$" body else body;
      anything = ".*";
    in
    "${lib.optionalString (!starts) anything}(${translate inner})${
      lib.optionalString (!ends) anything
    }";
  toPosix = pattern: lib.concatMapStringsSep "|" whole (alternatives pattern);
in
{
  /**
    Whether a pattern is found in a text.
  */
  matches =
    pattern:
    let
      expression = builtins.tryEval (toPosix pattern);
    in
    text: !expression.success || builtins.match expression.value text != null;
}
