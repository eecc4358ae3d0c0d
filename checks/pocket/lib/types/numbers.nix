# Numbers and their ranges.
{ lib }:
let
  inherit (lib.types) addCheck int number;

  show = builtins.toJSON;
  rangeText = lowest: highest: "${show lowest} and ${show highest} (both inclusive)";
  within =
    lowest: highest: value:
    value >= lowest && value <= highest;

  between =
    lowest: highest:
    assert lib.assertMsg (lowest <= highest) "ints.between: lowest must be smaller than highest";
    addCheck int (within lowest highest)
    // {
      name = "intBetween";
      description = "integer between ${rangeText lowest highest}";
    };
  sized =
    name: kind: bits: lowest: highest:
    between lowest highest
    // {
      name = "${name}${toString bits}";
      description = "${toString bits} bit ${kind} integer; between ${rangeText lowest highest}";
    };
  unsigned = bits: count: sized "unsignedInt" "unsigned" bits 0 (count - 1);
  signed = bits: count: sized "signedInt" "signed" bits (0 - count / 2) (count / 2 - 1);
  restricted = name: description: {
    inherit name description;
    descriptionClass = "nonRestrictiveClause";
  };
in
{
  int = lib.mkOptionType {
    name = "int";
    description = "signed integer";
    descriptionClass = "noun";
    check = builtins.isInt;
    merge = lib.mergeEqualOption;
  };
  float = lib.mkOptionType {
    name = "float";
    description = "floating point number";
    descriptionClass = "noun";
    check = builtins.isFloat;
    merge = lib.mergeEqualOption;
  };
  number = lib.types.either lib.types.int lib.types.float;
  port = lib.types.ints.u16;

  ints = {
    inherit between;
    unsigned =
      addCheck int (value: value >= 0) // restricted "unsignedInt" "unsigned integer, meaning >=0";
    positive =
      addCheck int (value: value > 0) // restricted "positiveInt" "positive integer, meaning >0";
    u8 = unsigned 8 256;
    u16 = unsigned 16 65536;
    u32 = unsigned 32 4294967296;
    s8 = signed 8 256;
    s16 = signed 16 65536;
    s32 = signed 32 4294967296;
  };

  numbers = {
    between =
      lowest: highest:
      assert lib.assertMsg (lowest <= highest) "numbers.between: lowest must be smaller than highest";
      addCheck number (within lowest highest)
      // {
        name = "numberBetween";
        description = "integer or floating point number between ${rangeText lowest highest}";
      };
    nonnegative =
      addCheck number (value: value >= 0)
      // restricted "numberNonnegative" "nonnegative integer or floating point number, meaning >=0";
    positive =
      addCheck number (value: value > 0)
      // restricted "numberPositive" "positive integer or floating point number, meaning >0";
  };
}
