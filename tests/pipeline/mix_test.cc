#include "pipeline/mix.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <random>

#include "core/error.h"
#include "core/file.h"
#include "pipeline/mix/packer.h"
#include "shards/bytes.h"
#include "shards/convert.h"
#include "shards/shard_documents.h"
#include "shards/verify.h"
#include "tests/shards/output_folder.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<uint32_t>;

std::shared_ptr<const Encoding> encoding() {
  static const auto loaded = std::make_shared<const Encoding>(
      Encoding::load((testing::source_folder() / "share/vocab/ftok-4k.tiktoken").string()));
  return loaded;
}

// A text of `words` words; each number has words of its own.
std::string text(int number, int words) {
  std::string out;
  for (int i = 0; i < words; ++i) out += "w" + std::to_string(number * 7 + i % 5) + " ";
  return out;
}

class Mix : public ::testing::Test {
 protected:
  struct Line {
    std::string id, url;
    double score = 0;
    int words = 10;
  };
  void texts(const std::string& name, const std::vector<Line>& lines) {
    std::string out;
    int number = 0;
    for (const Line& line : lines) {
      out += "{\"text\":\"" + text(++number, line.words) + "\",\"id\":\"" + line.id + "\",\"url\":\"" + line.url +
             "\",\"quality\":" + std::to_string(line.score) + "}\n";
    }
    write_file(folder_ / name, out);
  }
  void many(const std::string& name, int documents, int words = 12) {
    std::vector<Line> lines;
    for (int i = 0; i < documents; ++i) lines.push_back({name + "-" + std::to_string(i), "", 0, words + i % 9});
    texts(name, lines);
  }

  MixRecipe recipe(const std::string& toml) {
    write_file(folder_ / "mix.toml", toml);
    return load_mix(folder_ / "mix.toml", {"shards.validation_per_mille=0"});
  }
  std::string source(const std::string& name, const std::string& path, const std::string& more = "") const {
    return "[[mix.source]]\nname = \"" + name + "\"\npaths = [\"" + (folder_ / path) + "\"]\n" + more;
  }
  MixResult run(const MixRecipe& mix_recipe, uint64_t budget, const std::string& output = "out", size_t threads = 2) {
    MixRun run;
    run.recipe = mix_recipe;
    run.budget = budget;
    run.output = folder_ / output;
    run.threads = threads;
    run.segment_bytes = 1;
    run.gather_bytes_max = gather_bytes_max_;
    run.load_vocabulary = [](const std::string&) { return encoding(); };
    run.vocabulary = vocabulary_;
    return mix(run, [this](LogLevel level, const std::string& message) {
      if (level == LogLevel::kWarning) warnings_.push_back(message);
      if (message.find("goes on after") != std::string::npos) resumed_.push_back(message);
    });
  }

  // How often each document is in the output.
  std::map<std::string, int> counts(const std::string& output = "out", Split split = Split::kTrain) {
    std::map<std::string, int> found;
    ShardSource({folder_ / output}, {}).for_each(split, [&](const SourceDocument& document) {
      ++found[std::string(document.id)];
    });
    return found;
  }
  std::map<std::string, std::string> files(const std::string& output) const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / output)) {
      if (entry.is_regular_file()) all[fs::relative(entry.path(), folder_ / output)] = read_file(entry.path());
    }
    return all;
  }

  testing::TemporaryFolder folder_;
  std::optional<uint64_t> gather_bytes_max_;
  std::string vocabulary_;
  std::vector<std::string> warnings_, resumed_;
};

TEST_F(Mix, SharesAreWeightsOfTheBudgetAndPassesMakeThemUp) {
  many("web", 400);
  many("books", 15);
  const MixRecipe both =
      recipe(source("web", "web", "weight = 3\n") + source("books", "books", "weight = 1\nepochs_max = 9\n"));
  const MixResult result = run(both, 8000);
  const MixedSource &web = result.sources[0], &books = result.sources[1];
  EXPECT_EQ(web.share, 6000u);
  EXPECT_EQ(books.share, 2000u);
  EXPECT_GT(web.tokens, 6000u);  // a part of one pass
  EXPECT_LT(books.tokens, 2000u);
  EXPECT_GT(books.epochs(), 1);
  for (const MixedSource& each : result.sources) {
    EXPECT_LE(each.written_tokens, each.share);
    EXPECT_LT(each.missing(), 120u) << each.name;  // less than a document
  }
  EXPECT_EQ(result.tokens, web.written_tokens + books.written_tokens);
  uint64_t in_shards = 0, documents = 0;
  for (const ShardEntry& shard : result.shards) in_shards += shard.tokens, documents += shard.documents;
  EXPECT_EQ(in_shards, result.tokens);
  EXPECT_EQ(documents, result.documents);
  // Whole passes, and one over a part: no document comes two times more often than another.
  const auto passes = static_cast<int>(books.written_tokens / books.tokens);
  int of_web = 0;
  for (const auto& [id, count] : counts()) {
    if (id.starts_with("web")) {
      EXPECT_EQ(count, 1) << id;
    }
    if (id.starts_with("books")) {
      EXPECT_TRUE(count == passes || count == passes + 1) << id << count;
    }
    of_web += id.starts_with("web") ? 1 : 0;
  }
  EXPECT_EQ(of_web, static_cast<int>(web.written_documents));
  EXPECT_TRUE(verify_folder(folder_ / "out").findings.empty());
  EXPECT_FALSE(fs::exists(folder_ / "out/work"));
}

// What a share lacks in the end is less than the documents that are left have; a source that has not run out is not
// warned of.
TEST_F(Mix, GoesOnWithDocumentsThatStillFit) {
  std::vector<Line> lines;
  for (int i = 0; i < 400; ++i) lines.push_back({"d" + std::to_string(i), "", 0, i % 2 == 0 ? 300 : 3});
  texts("web", lines);
  for (const uint64_t budget : {20'001u, 31'337u, 40'900u}) {
    const MixResult result = run(recipe(source("web", "web")), budget);
    EXPECT_LT(result.sources[0].missing(), 16u) << budget;  // a short one has 16
    EXPECT_LE(result.tokens, budget);
    EXPECT_EQ(warnings_, std::vector<std::string>());
    fs::remove_all(folder_ / "out");
  }
  const MixResult all = run(recipe(source("web", "web", "epochs_max = 1\n")), 1'000'000);
  EXPECT_EQ(all.sources[0].written_tokens, all.sources[0].tokens);
  EXPECT_EQ(warnings_.size(), 1u);
}

// A mix over three files, the last of which cannot be read at first.
class StoppedMix : public Mix {
 protected:
  StoppedMix() {
    fs::create_directory(folder_ / "web");
    for (const char* name : {"web/1.jsonl", "web/2.jsonl"}) hosts(name);
    write_file(folder_ / "web/3.jsonl", "%PDF-1.4 which is not read");
    recipe_ =
        recipe(source("web", "web/*.jsonl",
                      "host_tokens_max = 300\nscore = \"quality\"\nbounds = [\"0.5\"]\nrepeats = [\"1\", \"2\"]\n"));
    EXPECT_THROW(run(recipe_, 5000), Error);
    EXPECT_FALSE(fs::exists(folder_ / "out"));
    EXPECT_TRUE(resumed_.empty());
    hosts("web/3.jsonl");
  }
  void hosts(const std::string& name) {
    std::vector<Line> lines;
    for (int i = 0; i < 40; ++i) {
      lines.push_back({name + std::to_string(i), "https://host" + std::to_string(i % 3) + ".example/", i % 2 * 0.9});
    }
    texts(name, lines);
  }
  void expect_that_of_one_go() {
    run(recipe_, 5000);
    const std::vector<std::string> resumed = resumed_;
    EXPECT_FALSE(fs::exists(folder_ / "out.mixing"));
    run(recipe_, 5000, "again");
    EXPECT_EQ(files("out"), files("again"));
    resumed_ = resumed;
  }

  MixRecipe recipe_;
};

TEST_F(StoppedMix, GoesOnBehindTheInputsThatAreDone) {
  expect_that_of_one_go();
  EXPECT_EQ(resumed_, std::vector<std::string>{"web: goes on after 2 of 3 inputs"});
}

TEST_F(StoppedMix, ReadsAllAgainWhereAnInputIsAnother) {
  hosts("web/1.jsonl");
  fs::last_write_time(folder_ / "web/1.jsonl", fs::file_time_type::clock::now() + std::chrono::seconds(5));
  expect_that_of_one_go();
  EXPECT_EQ(resumed_, std::vector<std::string>());
}

TEST_F(StoppedMix, TakesNoSegmentThatIsNotWhole) {
  fs::resize_file(folder_ / "out.mixing/000-000001.texts", 10);
  expect_that_of_one_go();
  EXPECT_EQ(resumed_, std::vector<std::string>{"web: goes on after 1 of 3 inputs"});
}

TEST_F(StoppedMix, LeavesAFolderOfOtherFilesAsItIs) {
  fs::create_directory(folder_ / "other.mixing");
  write_file(folder_ / "other.mixing/mine", "mine");
  EXPECT_THROW(run(recipe_, 5000, "other"), UsageError);
  EXPECT_EQ(read_file(folder_ / "other.mixing/mine"), "mine");
  EXPECT_FALSE(fs::exists(folder_ / "other"));
}

TEST_F(Mix, EpochsMaxLeavesARemainderThatIsSaid) {
  many("books", 40);
  const MixResult one = run(recipe(source("books", "books", "epochs_max = 1\n")), 1'000'000);
  EXPECT_EQ(one.sources[0].written_tokens, one.sources[0].tokens);
  EXPECT_EQ(one.sources[0].missing(), 1'000'000 - one.tokens);
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_NE(warnings_[0].find("source books: " + std::to_string(one.sources[0].missing()) + " of its share"),
            std::string::npos);
  // By half a pass: about half of the documents twice.
  const MixResult more = run(recipe(source("books", "books", "epochs_max = 1.5\n")), 1'000'000, "more");
  EXPECT_LE(more.tokens, one.tokens * 3 / 2);
  EXPECT_GT(more.tokens, one.tokens * 3 / 2 - 120);
  for (const auto& [id, count] : counts("more")) EXPECT_TRUE(count == 1 || count == 2) << id;
  EXPECT_EQ(counts("more").size(), 40u);
}

TEST_F(Mix, TheSameBytesForAnyThreadsAndAnotherOrderForAnotherSeed) {
  many("web", 300);
  many("books", 60);
  const std::string toml = source("web", "web") + source("books", "books", "epochs_max = 9\n");
  run(recipe(toml), 9000, "one", 1);
  run(recipe(toml), 9000, "seven", 7);
  EXPECT_EQ(files("one"), files("seven"));
  run(recipe("[mix]\nseed = 2\n" + toml), 9000, "other");
  EXPECT_NE(files("one").at("ftok_train_000000.bin"), files("other").at("ftok_train_000000.bin"));
  // A source's documents come in the order that they had without another source.
  EXPECT_THROW(run(recipe(toml), 9000, "one"), UsageError);  // it is there
  EXPECT_THROW(run(recipe(toml), 0, "none"), UsageError);
  EXPECT_FALSE(fs::exists(folder_ / "none"));
}

TEST_F(Mix, CapsByHostAndRepeatsByScore) {
  texts("web", {{"a1", "https://a.example/1", 1.0},
                {"a2", "http://A.example/2", 2.0},
                {"a3", "https://a.example/3", 9.0},
                {"b1", "https://b.example/", 1.99},
                {"none", "", 5.0},
                {"c1", "https://c.example/", 4.0},
                {"empty", "https://d.example/", 4.0, 0}});
  const uint64_t one = encoding()->encode_ordinary(text(1, 10)).size() + 1;
  const std::string host = "host_tokens_max = " + std::to_string(2 * one + one / 2) + "\n";
  const MixResult capped = run(recipe(source("web", "web", "epochs_max = 1\n" + host)), 1'000'000, "capped");
  EXPECT_EQ(capped.sources[0].capped, 1u);
  EXPECT_EQ(capped.sources[0].hosts_capped, 1u);
  EXPECT_EQ(capped.sources[0].without_host, 1u);
  EXPECT_EQ(capped.sources[0].bad, 1u);
  EXPECT_EQ(counts("capped"), (std::map<std::string, int>{{"a1", 1}, {"a2", 1}, {"b1", 1}, {"none", 1}, {"c1", 1}}));
  // On each side of each bound: below 2 none, from 2 once, from 4 three times.
  const std::string repeats =
      "epochs_max = 1\nscore = \"quality\"\nbounds = [\"2\", \"4\"]\nrepeats = [\"0\", \"1\", \"3\"]\n";
  const MixResult scored = run(recipe(source("web", "web", repeats)), 1'000'000, "scored");
  EXPECT_EQ(counts("scored"), (std::map<std::string, int>{{"a2", 1}, {"a3", 3}, {"none", 3}, {"c1", 3}}));
  EXPECT_EQ(scored.sources[0].unwanted, 2u);
  EXPECT_EQ(scored.sources[0].bucket_documents, (std::vector<uint64_t>{2, 1, 3}));
  EXPECT_EQ(scored.sources[0].tokens * 4,
            scored.sources[0].bucket_tokens[1] * 4 + scored.sources[0].bucket_tokens[2] * 4);
  EXPECT_EQ(scored.tokens, scored.sources[0].pass_tokens);
  const MixResult unscored =
      run(recipe(source("web", "web", "score = \"other\"\nrepeats = [\"1\"]\n")), 1000, "unscored");
  EXPECT_EQ(unscored.sources[0].unscored, 6u);
  EXPECT_EQ(unscored.tokens, 0u);
}

TEST_F(Mix, ShardsOfAnyFormatGiveWhatTheirTextsGive) {
  many("web", 200);
  const std::string all = "epochs_max = 1\n";
  const MixResult texts = run(recipe(source("web", "web", all)), 1'000'000, "texts");
  for (const char* format : {"llmc", "mds", "raw"}) {
    const std::string name = std::string("as-") + format;
    ConvertOptions convert;
    convert.inputs = {folder_ / "texts"};
    convert.output = folder_ / name;
    convert.to = &find_shard_format(format, "");
    convert_shards(convert);
    MixRecipe mixed = recipe(source("web", name, all));
    mixed.shards.format = "megatron";
    const MixResult shards = run(mixed, 1'000'000, "from-" + name);
    EXPECT_EQ(shards.tokens, texts.tokens) << format;
    EXPECT_EQ(counts("from-" + name), counts("texts")) << format;
    EXPECT_TRUE(verify_folder(folder_ / ("from-" + name)).findings.empty());
  }
}

TEST_F(Mix, ShardsThatFitIntoMemoryGiveTheBytesThatBucketsGive) {
  many("web", 700);
  many("books", 60, 40);
  for (const char* name : {"web", "books"}) {
    MixRecipe small = recipe(source(name, name, "epochs_max = 1\n"));
    small.shards.validation_per_mille = 50;
    small.shards.shard_tokens = 3000;  // documents lie across shards
    run(small, 1'000'000, std::string(name) + "-shards");
  }
  for (const int64_t pack_tokens : {0, 64}) {
    MixRecipe mixed = recipe(source("web", "web-shards", "weight = 2\n") + source("books", "books-shards"));
    mixed.mix.pack_tokens = pack_tokens;
    mixed.shards.validation_per_mille = 20;
    const std::string name = "packed-" + std::to_string(pack_tokens);
    gather_bytes_max_ = 0;
    EXPECT_FALSE(run(mixed, 12'345, name + "-buckets").gathered);
    for (const size_t threads : {1, 4}) {
      gather_bytes_max_.reset();
      const std::string gathered = name + "-" + std::to_string(threads);
      EXPECT_TRUE(run(mixed, 12'345, gathered, threads).gathered);
      EXPECT_EQ(files(gathered), files(name + "-buckets")) << gathered;
    }
  }
}

TEST_F(Mix, RefusesShardsThatDifferFromTheirChecksums) {
  many("web", 100);
  run(recipe(source("web", "web")), 1000, "shards");
  const MixRecipe mixed = recipe(source("web", "shards"));
  const std::string shard = folder_ / "shards/ftok_train_000000.bin";
  for (const std::optional<uint64_t> most : {std::optional<uint64_t>(), std::optional<uint64_t>(0)}) {
    gather_bytes_max_ = most;
    run(mixed, 500, "whole");
    fs::remove_all(folder_ / "whole");
    testing::flip_byte(shard, 1500, 4);
    try {
      run(mixed, 500, "damaged");
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with(shard + " is damaged: it does not have the checksum"))
          << error.what();
    }
    EXPECT_FALSE(fs::exists(folder_ / "damaged"));
    testing::flip_byte(shard, 1500, 4);
  }
}

// Somebody says which vocabulary the ids are of, and its end-of-text token is in the shards.
TEST_F(Mix, ShardsWithoutAManifestNeedTheirVocabulary) {
  const auto shard = [&](uint16_t end) {
    make_folder(folder_ / "bare");
    std::string bytes;
    for (const uint16_t token : {end, uint16_t{11}, uint16_t{12}, end, uint16_t{13}})
      append_little_endian(bytes, token);
    write_file(folder_ / "bare/train.bin", encode_shard_header(2, 5) + bytes);
  };
  const auto refusal = [&](const std::string& more) -> std::string {
    try {
      const MixResult result = run(recipe(source("bare", "bare", "epochs_max = 1\n") + more), 1000);
      EXPECT_EQ(result.sources[0].documents, 2u);
      fs::remove_all(folder_ / "out");
      return "";
    } catch (const UsageError& error) {
      return error.what();
    }
  };
  const auto own = static_cast<uint16_t>(*encoding()->end_of_text());
  shard(own);
  many("web", 20);
  const std::string nameless =
      "mix: source bare: its shards have no manifest, so that nothing says which vocabulary they are of; name it with "
      "--vocab";
  EXPECT_EQ(refusal(""), nameless);
  EXPECT_EQ(refusal(source("web", "web")), nameless);
  vocabulary_ = "ftok-4k";
  EXPECT_EQ(refusal(""), "");
  EXPECT_EQ(refusal(source("web", "web")), "");
  run(recipe(source("web", "web")), 100, "shards");
  vocabulary_.clear();
  EXPECT_EQ(refusal(source("web", "shards")), "");
  shard(7);
  const std::string wrong =
      "bare/train.bin: none of its documents begins with 4092, the end-of-text token (the "
      "commonest first token is 7, of 1 of 1); if their vocabulary is not ftok-4k, name it with --vocab";
  EXPECT_TRUE(refusal(source("web", "shards")).ends_with(wrong)) << refusal(source("web", "shards"));
}

TEST_F(Mix, BucketsAreForTextsAndForShardsThatDoNotFit) {
  many("web", 100);
  const MixResult texts = run(recipe(source("web", "web", "epochs_max = 1\n")), 1'000'000, "web-shards");
  EXPECT_FALSE(texts.gathered);
  EXPECT_EQ(texts.gather_bytes, 0u);
  const MixRecipe mixed = recipe(source("web", "web-shards", "epochs_max = 1\n"));
  const uint64_t fits = run(mixed, 1'000'000, "any").gather_bytes;
  gather_bytes_max_ = fits;
  EXPECT_TRUE(run(mixed, 1'000'000, "fits").gathered);
  gather_bytes_max_ = fits - 1;
  EXPECT_FALSE(run(mixed, 1'000'000, "does-not-fit").gathered);
}

TEST_F(Mix, WhatIsHeldOutStaysHeldOutAndIsNotInTheBudget) {
  many("web", 400);
  MixRecipe mixed = recipe(source("web", "web", "epochs_max = 3\n"));
  mixed.shards.validation_per_mille = 100;
  const MixResult first = run(mixed, 30'000, "first");
  const std::map<std::string, int> held = counts("first", Split::kValidation);
  EXPECT_EQ(held.size(), first.sources[0].validation_documents);
  EXPECT_GT(held.size(), 20u);
  for (const auto& [id, count] : held) EXPECT_EQ(count, 1) << id;
  for (const auto& [id, count] : counts("first")) EXPECT_FALSE(held.contains(id)) << id;
  mixed = recipe(source("web", "first"));
  run(mixed, 1000, "second");
  EXPECT_EQ(counts("second", Split::kValidation), held);
}

TEST_F(Mix, RefusesWhatDoesNotFit) {
  many("web", 20);
  run(recipe(source("web", "web")), 100, "shards");
  const auto refused = [&](const std::string& toml, const std::string& what) {
    try {
      run(recipe(toml), 1000, "none");
      ADD_FAILURE() << what;
    } catch (const UsageError& error) {
      EXPECT_NE(std::string(error.what()).find(what), std::string::npos) << error.what();
    }
    EXPECT_FALSE(fs::exists(folder_ / "none"));
  };
  refused("", "there is no [[mix.source]]");
  refused(source("a", "web") + source("a", "web"), "source a: there are two of this name");
  refused(source("a", "web", "weight = 0.0\n"), "weight: 0 is not above 0");
  refused(source("a", "web", "wieght = 1.0\n"), "wieght");
  refused(source("a", "web", "bounds = [\"1\"]\n"), "bounds and repeats are of a score");
  refused(source("a", "web", "score = \"quality\"\nbounds = [\"1\"]\nrepeats = [\"1\"]\n"),
          "repeats: 1 numbers, expected 2");
  refused(source("a", "web", "score = \"quality\"\nbounds = [\"2\", \"1\"]\nrepeats = [\"1\", \"1\", \"1\"]\n"),
          "ascending");
  refused(source("a", "web", "score = \"quality\"\nrepeats = [\"-1\"]\n"), "repeats: -1 is not in 0..1000");
  refused(source("a", "shards", "host_tokens_max = 5\n"), "shards hold no addresses");
  refused(source("a", "shards", "score = \"quality\"\nrepeats = [\"1\"]\n"), "shards hold none");
  refused(source("a", "shards", "take = \"texts\"\n"), "holds no texts");
  refused("[mix]\npack_tokens = 1\n" + source("a", "web"), "at least 2 tokens");
  refused("[mix]\npack_tokens = 64\n" + source("a", "web") + "[shards]\nend_of_text = \"none\"\n",
          "not with shards.end_of_text");
}

TEST_F(Mix, PackedSequencesHoldWholeDocuments) {
  std::vector<Line> lines;
  for (int i = 0; i < 300; ++i) lines.push_back({"d" + std::to_string(i), "", 0, 3 + i * 7 % 40});
  texts("web", lines);
  const MixResult result =
      run(recipe("[mix]\npack_tokens = 128\n" + source("web", "web", "epochs_max = 1\n")), 1'000'000);
  EXPECT_GT(result.cuts, 0u);
  EXPECT_EQ(result.tokens + result.padding + result.cuts, result.sequences * 128);
  EXPECT_LT(result.padding, result.tokens / 50);
  uint64_t position = 0;
  ShardSource({folder_ / "out"}, {}).for_each(Split::kTrain, [&](const SourceDocument& document) {
    const uint64_t size = document.tokens.size() + 1;
    if (size <= 128) {
      EXPECT_EQ(position / 128, (position + size - 1) / 128) << document.id;
    }
    position += size;
  });
  EXPECT_EQ(position, result.sequences * 128);
}

// --- the packer alone

struct Packed {
  std::vector<std::pair<std::string, size_t>> pieces;  // id, tokens with end-of-text
  uint64_t sequences = 0, padding = 0, cuts = 0;
};

Packed pack(uint64_t sequence, const std::vector<size_t>& sizes, uint64_t group = 1 << 20) {
  Packed packed;
  PackerOptions options{.sequence_tokens = sequence, .group_tokens = group, .end_of_text = 9};
  Packer packer(options, [&](std::string_view id, std::span<const uint32_t> tokens) {
    packed.pieces.emplace_back(id, tokens.size() + 1);
  });
  for (size_t i = 0; i < sizes.size(); ++i) packer.add("d" + std::to_string(i), Ids(sizes[i] - 1, 1));
  packer.finish();
  packed.sequences = packer.sequences();
  packed.padding = packer.padding();
  packed.cuts = packer.cuts();
  return packed;
}

TEST(Packer, PutsEachIntoTheFullestSequenceThatHoldsIt) {
  using Pieces = std::vector<std::pair<std::string, size_t>>;
  // 7 and 3, 6 and 4: first fit would have put 4 nowhere.
  const Packed packed = pack(10, {4, 3, 7, 6});
  EXPECT_EQ(packed.pieces, (Pieces{{"d0", 4}, {"d3", 6}, {"d1", 3}, {"d2", 7}}));
  EXPECT_EQ(packed.padding, 0u);
  // 3 goes to 7, which it fills, and not to 5, where there is more room.
  EXPECT_EQ(pack(10, {5, 3, 7}).pieces, (Pieces{{"d0", 5}, {"padding", 5}, {"d1", 3}, {"d2", 7}}));
  EXPECT_EQ(pack(10, {9}).pieces, (Pieces{{"d0", 9}, {"padding", 1}}));
  EXPECT_EQ(pack(10, {10}).pieces, (Pieces{{"d0", 10}}));
  EXPECT_EQ(pack(10, {6}).pieces, (Pieces{{"d0", 6}, {"padding", 4}}));
}

TEST(Packer, DividesOnlyWhatIsLongerThanASequence) {
  using Pieces = std::vector<std::pair<std::string, size_t>>;
  EXPECT_EQ(pack(10, {10}).cuts, 0u);
  const Packed packed = pack(10, {11, 8});  // 10 tokens of text: 9 and its end, 1 and its end
  EXPECT_EQ(packed.cuts, 1u);
  EXPECT_EQ(packed.pieces, (Pieces{{"d0#1", 10}, {"d0#2", 2}, {"d1", 8}}));
}

TEST(Packer, WastesLittleAndLosesNothing) {
  std::mt19937 random(7);
  std::vector<size_t> sizes;
  size_t total = 0;
  for (int i = 0; i < 3000; ++i) {
    sizes.push_back(1 + random() % 900);
    total += sizes.back();
  }
  for (const uint64_t group : {uint64_t{20'000}, uint64_t{1} << 30}) {
    const Packed packed = pack(1024, sizes, group);
    std::map<std::string, size_t> found;
    uint64_t position = 0;
    for (const auto& [id, size] : packed.pieces) {
      EXPECT_EQ(position / 1024, (position + size - 1) / 1024) << id;
      position += size;
      if (id != Packer::kPaddingId) {
        EXPECT_TRUE(found.emplace(id, size).second);
      }
    }
    EXPECT_EQ(found.size(), sizes.size());
    EXPECT_EQ(position, packed.sequences * 1024);
    EXPECT_EQ(position - packed.padding, total);
    EXPECT_LT(packed.padding, total / (group == 20'000 ? 8 : 200));
  }
}

}  // namespace
}  // namespace ftok
