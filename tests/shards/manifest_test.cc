#include "shards/manifest.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "shards/json_fields.h"
#include "shards/sealed_json.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

Manifest example() {
  Manifest manifest;
  manifest.software = {{"ftok", "0.1.0"}, {"unicode", "16.0.0"}};
  manifest.recipe = "[c4]\nphrases = [\"a \\\"b\\\"\"]\n";
  manifest.binding = "0123";
  manifest.digests = {{"lid.176.ftz", "ab\"c"}};
  manifest.notes = {"no URL list", "[bundled], model: {x}"};
  manifest.vocabulary = {"ftok-50k", "00ff", 50000, 49999};
  manifest.shard_tokens = 100;
  manifest.placement = EndOfText::kAfter;
  manifest.validation_per_mille = 5;
  manifest.inputs = {{0, "{\"input\":\"a, b\",\"places\":[1,{\"x\":2}]}", {"parts/000000.receipt", 10, "aa"}},
                     {1, "{}", {"parts/000001.receipt", 11, "bb"}}};
  manifest.parts_in_shards = 2;
  manifest.shards = {{Split::kTrain,
                      0,
                      100,
                      3,
                      {"ftok_train_000000.bin", 1224, "c1"},
                      {"ftok_train_000000.docs", 99, "c2"},
                      FileEntry{"ftok_train_000000.mask", 100, "c5"}},
                     {Split::kValidation,
                      0,
                      7,
                      1,
                      {"ftok_val_000000.bin", 1038, "c3"},
                      {"ftok_val_000000.docs", 98, "c4"},
                      std::nullopt}};
  manifest.totals = "{\"records\":3,\"dropped\":{\"c4.curly_bracket\":1}}";
  return manifest;
}

TEST(Manifest, RoundTrips) {
  const Manifest manifest = example();
  const std::string file = write_manifest(manifest);
  const Result<Manifest> read = parse_manifest(file);
  ASSERT_TRUE(read.ok()) << read.damage().detail;
  EXPECT_EQ(*read, manifest);
  EXPECT_EQ(write_manifest(*read), file);
  const Result<Manifest> empty = parse_manifest(write_manifest(Manifest()));
  ASSERT_TRUE(empty.ok()) << empty.damage().detail;
  EXPECT_EQ(*empty, Manifest());
}

TEST(Manifest, FindsEveryFlippedByteAndEveryCut) {
  const std::string good = write_manifest(example());
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x01);
    EXPECT_FALSE(parse_manifest(bad).ok()) << i;
    EXPECT_FALSE(parse_manifest(good.substr(0, i)).ok()) << i;
  }
}

TEST(Manifest, NamesAMissingField) {
  const Result<Manifest> read = parse_manifest(seal_json("{\n  \"format\": \"ftok-manifest\",\n  \"version\": 1\n}"));
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.damage().code, "bad_manifest");
  EXPECT_EQ(read.damage().detail, "no field \"software\"");
}

TEST(Manifest, RefusesAnotherVersion) {
  const Result<Manifest> read = parse_manifest(seal_json("{\n  \"format\": \"ftok-manifest\",\n  \"version\": 2\n}"));
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.damage().detail, "\"version\" is 2, expected 1");
}

// What `ftok tokenize` of 0.1.0 wrote at each checkpoint: not all that the folder was to hold.
TEST(Manifest, RefusesOneThatWasWrittenOnTheWay) {
  std::string object = write_manifest(example());
  object.resize(object.rfind(",\n"));
  const std::string file = seal_json(object + ",\n  \"position\": {\"input\": 0}\n}");
  const Result<Manifest> read = parse_manifest(file);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.damage().code, "unfinished");
  testing::TemporaryFolder folder;
  write_file(folder / "manifest.json", file);
  try {
    read_manifest(folder / "manifest.json");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.what(),
              folder / "manifest.json" + ": it is of an unfinished folder of ftok 0.1.0; finish it with ftok 0.1.0");
  }
}

TEST(SealedJson, IsStillJson) {
  const std::string file = seal_json("{\n  \"a\": 1\n}");
  EXPECT_EQ(JsonFields(file).number("a"), 1u);
  EXPECT_TRUE(check_sealed_json(file).ok());
}

TEST(JsonFields, KeepsTheTextOfNestedValues) {
  const JsonFields fields(
      "{ \"a\" : {\"x\": [1, \"}\\\"\", {}]} , \"b\":[ {\"c\":\"d\"} , {} ], \"n\": 18446744073709551615 }");
  EXPECT_EQ(fields.raw("a"), "{\"x\": [1, \"}\\\"\", {}]}");
  ASSERT_EQ(fields.objects("b").size(), 2u);
  EXPECT_EQ(fields.objects("b")[0].text("c"), "d");
  EXPECT_EQ(fields.number("n"), UINT64_MAX);
  EXPECT_FALSE(fields.has("z"));
  EXPECT_THROW(fields.text("n"), JsonFields::Missing);
  EXPECT_THROW(fields.number("a"), JsonFields::Missing);
  EXPECT_THROW(JsonFields("[1]"), JsonFields::Missing);
  EXPECT_THROW(JsonFields("{\"a\":}"), JsonFields::Missing);
}

}  // namespace
}  // namespace ftok
