// Optimizer, schedule and loader.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <set>

#include "core/error.h"
#include "core/file.h"
#include "shards/format.h"
#include "shards/manifest.h"
#include "tests/support/test_data.h"
#include "tests/trainer/small_model.h"
#include "trainer/data/file_checksums.h"
#include "trainer/learning_rate.h"
#include "trainer/mixture.h"
#include "trainer/training/optimizer.h"

namespace ftok {
namespace {

void write_shard(const std::string& path, const std::vector<uint32_t>& tokens, size_t token_bytes = 2) {
  std::string bytes = encode_shard_header(token_bytes, tokens.size());
  for (const uint32_t token : tokens) {
    for (size_t i = 0; i < token_bytes; ++i) bytes.push_back(static_cast<char>(token >> (8 * i)));
  }
  write_file(path, bytes);
}

std::vector<uint32_t> counting(uint32_t begin, uint32_t end) {
  std::vector<uint32_t> tokens;
  for (uint32_t i = begin; i < end; ++i) tokens.push_back(i);
  return tokens;
}

// Two steps by hand for a matrix element (decays) and a gain (does not): m, v, their corrections, decay, update.
TEST(AdamW, FollowsTheAlgorithm) {
  const ParameterLayout layout(testing::small_config());
  const auto layers = make_cpu_layers<double>(1);
  AdamW<double> optimizer(layout, OptimizerOptions{0.9, 0.95, 1e-8, 0.1, 0}, *layers);
  const size_t matrix = static_cast<size_t>(layout.block(0).qkv_weight), gain = static_cast<size_t>(layout.ln_f_gain);
  std::vector<double> parameters(static_cast<size_t>(layout.size())), gradients(parameters.size());
  parameters[matrix] = 0.5, parameters[gain] = 1.0;
  double expected_matrix = 0.5, expected_gain = 1.0, m = 0, v = 0;
  for (int step = 1; step <= 2; ++step) {
    const double g = step == 1 ? 0.3 : -0.2, rate = 0.01 * step;
    gradients[matrix] = gradients[gain] = g;
    m = 0.9 * m + 0.1 * g, v = 0.95 * v + 0.05 * g * g;
    const double update = rate * (m / (1 - std::pow(0.9, step))) / (std::sqrt(v / (1 - std::pow(0.95, step))) + 1e-8);
    expected_matrix = expected_matrix - rate * 0.1 * expected_matrix - update;
    expected_gain -= update;
    optimizer.update(parameters, gradients, step, rate, optimizer.norm(gradients));
  }
  EXPECT_NEAR(parameters[matrix], expected_matrix, 1e-14);
  EXPECT_NEAR(parameters[gain], expected_gain, 1e-14);
  EXPECT_EQ(parameters[0], 0);
}

TEST(AdamW, ClipsAboveTheNormOnly) {
  const ParameterLayout layout(testing::small_config());
  const auto layers = make_cpu_layers<double>(1);
  std::vector<double> gradients(static_cast<size_t>(layout.size())), parameters(gradients.size());
  gradients[0] = 3, gradients[500] = 4;
  AdamW<double> optimizer(layout, OptimizerOptions{0.9, 0.95, 1e-8, 0, 2.5}, *layers);
  EXPECT_DOUBLE_EQ(optimizer.norm(gradients), 5);
  optimizer.update(parameters, gradients, 1, 0.1, 5);
  EXPECT_NEAR(optimizer.first_moments()[0], 0.1 * 1.5, 1e-6);  // 3 * 2.5 / 5
  AdamW<double> loose(layout, OptimizerOptions{0.9, 0.95, 1e-8, 0, 5.1}, *layers);
  loose.update(parameters, gradients, 1, 0.1, 5);
  EXPECT_DOUBLE_EQ(loose.first_moments()[0], 0.1 * 3);
}

// Ranges of the parameters, each with its own moments, make the same step as one optimizer of all.
TEST(AdamW, RangesMakeTheWhole) {
  const ParameterLayout layout(testing::small_config());
  const auto layers = make_cpu_layers<float>(1);
  std::vector<float> whole = testing::random_numbers<float>(layout.size(), 1), parts = whole;
  const std::vector<float> gradients = testing::random_numbers<float>(layout.size(), 2);
  AdamW<float> all(layout, OptimizerOptions{}, *layers);
  all.update(whole, gradients, 1, 0.1, 5);
  double squares = 0;
  for (int64_t begin = 0; begin < layout.size(); begin += 1008) {
    AdamW<float> range(layout, OptimizerOptions{}, *layers, {begin, std::min(layout.size(), begin + 1008)});
    squares += range.sum_of_squares(gradients);
    range.update(parts, gradients, 1, 0.1, 5);
    EXPECT_EQ(range.first_moments()[7], all.first_moments()[static_cast<size_t>(begin + 7)]);
  }
  EXPECT_EQ(whole, parts);
  EXPECT_NEAR(std::sqrt(squares), all.norm(gradients), 1e-9);
}

TEST(Schedule, WarmsUpThenFalls) {
  const ScheduleOptions cosine{"cosine", 1.0, 10, 0.1, 0.2};
  EXPECT_DOUBLE_EQ(learning_rate_at(cosine, 1, 110), 0.1);
  EXPECT_DOUBLE_EQ(learning_rate_at(cosine, 10, 110), 1.0);
  EXPECT_NEAR(learning_rate_at(cosine, 60, 110), 0.55, 1e-12);
  EXPECT_NEAR(learning_rate_at(cosine, 110, 110), 0.1, 1e-12);
  EXPECT_NEAR(learning_rate_at(cosine, 500, 110), 0.1, 1e-12);
  EXPECT_DOUBLE_EQ(learning_rate_at(cosine, 9, 10), 0.9);
  EXPECT_DOUBLE_EQ(learning_rate_at(cosine, 10, 10), 1.0);  // a warm-up that takes all steps
  EXPECT_NEAR(learning_rate_at(cosine, 11, 10), 0.1, 1e-12);
  const ScheduleOptions wsd{"wsd", 1.0, 10, 0.0, 0.2};
  EXPECT_DOUBLE_EQ(learning_rate_at(wsd, 5, 100), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate_at(wsd, 80, 100), 1.0);
  EXPECT_NEAR(learning_rate_at(wsd, 90, 100), 0.5, 1e-12);
  EXPECT_NEAR(learning_rate_at(wsd, 100, 100), 0, 1e-12);
  EXPECT_DOUBLE_EQ(learning_rate_at({"constant", 1.0, 0, 0, 0}, 77, 100), 1.0);
}

TEST(Loader, EveryWindowOnceAnEpochInAnOrderOfItsOwn) {
  testing::TemporaryFolder folder;
  write_shard(folder / "a_train_0.bin", counting(0, 41));        // windows at 0, 8, ..., 32
  write_shard(folder / "a_train_1.bin", counting(100, 120), 4);  // windows at 0, 8; u32
  write_shard(folder / "a_train_2.bin", counting(200, 205));     // too short for a window
  const Loader loader(find_shards(folder.path().string(), Split::kTrain), {8, 300, 1, true, {}, true});
  ASSERT_EQ(loader.windows(), 7u);
  std::vector<std::vector<uint32_t>> orders;
  for (uint64_t epoch = 0; epoch < 3; ++epoch) {
    std::vector<uint32_t> starts;
    for (uint64_t i = 0; i < 7; ++i) {
      const Batch batch = loader.batch(epoch * 7 + i, 1);
      starts.push_back(batch.tokens[0]);
      for (size_t t = 0; t < 8; ++t) {
        EXPECT_EQ(batch.tokens[t], batch.tokens[0] + t);
        EXPECT_EQ(batch.targets[t], batch.tokens[t] + 1);
      }
    }
    EXPECT_EQ(std::set<uint32_t>(starts.begin(), starts.end()), (std::set<uint32_t>{0, 8, 16, 24, 32, 100, 108}));
    orders.push_back(starts);
  }
  EXPECT_NE(orders[0], orders[1]);
  EXPECT_NE(orders[1], orders[2]);
}

TEST(Loader, OrderDoesNotDependOnTheMicroBatch) {
  testing::TemporaryFolder folder;
  write_shard(folder / "train.bin", counting(0, 1000));
  const Loader loader({folder / "train.bin"}, {8, 1000, 5, true, {}, true});
  const Batch whole = loader.batch(24, 12);
  std::vector<uint32_t> parts;
  for (uint64_t i = 0; i < 12; i += 3) {
    const Batch part = loader.batch(24 + i, 3);
    parts.insert(parts.end(), part.tokens.begin(), part.tokens.end());
  }
  EXPECT_EQ(parts, whole.tokens);
  const Loader other({folder / "train.bin"}, {8, 1000, 6, true, {}, true});
  EXPECT_NE(other.batch(24, 12).tokens, whole.tokens);
  const Loader plain({folder / "train.bin"}, {8, 1000, 6, false, {}, true});
  EXPECT_EQ(plain.batch(0, 2).tokens, counting(0, 16));
}

TEST(Loader, MarksDocuments) {
  testing::TemporaryFolder folder;
  write_shard(folder / "train.bin", {1, 2, 9, 3, 4, 9, 9, 5, 6});
  const Loader before({folder / "train.bin"}, {8, 10, 0, false, 9, true});
  EXPECT_EQ(before.batch(0, 1).first_key, (std::vector<int32_t>{0, 0, 2, 2, 2, 5, 6, 6}));
  const Loader after({folder / "train.bin"}, {8, 10, 0, false, 9, false});
  EXPECT_EQ(after.batch(0, 1).first_key, (std::vector<int32_t>{0, 0, 0, 3, 3, 3, 6, 7}));
}

// Documents of 3, 2, 4, 1, 12 and 3 tokens; 9 begins each. A window of T = 8 holds 9 tokens.
TEST(Loader, WindowsHoldWholeDocuments) {
  testing::TemporaryFolder folder;
  const std::vector<uint32_t> tokens = {9, 1, 2, 9, 3, 9, 4, 5, 6, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 9, 7, 8};
  write_shard(folder / "train.bin", tokens);
  LoaderOptions options{8, 10, 0, false, 9, true};
  options.whole_documents = true;
  const Loader loader({folder / "train.bin"}, options);
  ASSERT_EQ(loader.windows(), 3u);  // the document of a single token predicts nothing
  const Batch batch = loader.batch(0, 3);
  EXPECT_EQ(batch.tokens, (std::vector<uint32_t>{9, 1, 2, 9, 3, 9, 4, 5,     // three documents fit to the token
                                                 9, 1, 2, 3, 4, 5, 6, 7,     // the longest is cut
                                                 9, 7, 8, 9, 9, 9, 9, 9}));  // padding
  EXPECT_EQ(batch.targets,
            (std::vector<uint32_t>{1, 2, 9, 3, 9, 4, 5, 6, 1, 2, 3, 4, 5, 6, 7, 8, 7, 8, 9, 9, 9, 9, 9, 9}));
  EXPECT_EQ(batch.loss_mask,
            (std::vector<uint8_t>{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(std::vector<int32_t>(batch.first_key.begin(), batch.first_key.begin() + 8),
            (std::vector<int32_t>{0, 0, 0, 3, 3, 5, 5, 5}));
  EXPECT_EQ(loader.place(1), (folder / "train.bin") + ", token 10");
  std::string mask(tokens.size(), '\1');
  mask[1] = 0;
  write_file(folder / "train.mask", mask);
  EXPECT_EQ(Loader({folder / "train.bin"}, options).batch(0, 1).loss_mask,
            (std::vector<uint8_t>{0, 1, 1, 1, 1, 1, 1, 1}));
  options.end_of_text_first = false;  // the documents 9, 1 2 9, 3 9; then 4 5 6 9, 9
  EXPECT_EQ(Loader({folder / "train.bin"}, options).batch(0, 2).tokens,
            (std::vector<uint32_t>{9, 1, 2, 9, 3, 9, 9, 9, 4, 5, 6, 9, 9, 9, 9, 9}));
  write_shard(folder / "one.bin", {9});
  EXPECT_THROW(Loader({folder / "one.bin"}, options), NoWindow);
}

TEST(Loader, ReadsLossMasks) {
  testing::TemporaryFolder folder;
  write_shard(folder / "train.bin", counting(0, 17));
  std::string mask(17, '\1');
  mask[3] = mask[8] = mask[9] = 0;
  write_file(folder / "train.mask", mask);
  const Loader loader({folder / "train.bin"}, {8, 20, 0, false, {}, true});
  const Batch batch = loader.batch(0, 2);
  EXPECT_EQ(batch.loss_mask,
            (std::vector<uint8_t>{1, 1, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1}));  // of the targets 1..8, 9..16
  EXPECT_EQ(batch.counted(), 13);
  write_file(folder / "train.mask", "short");
  EXPECT_THROW(Loader({folder / "train.bin"}, {8, 20, 0, false, {}, true}), Error);
}

TEST(Mixture, KeepsItsSharesAndEveryWindow) {
  testing::TemporaryFolder folder;
  write_shard(folder / "a.bin", counting(0, 8 * 100 + 1));
  write_shard(folder / "b.bin", counting(10000, 10000 + 8 * 300 + 1));
  const auto make = [&](double a, double b, uint64_t seed) {
    std::vector<Mixture::Source> sources;
    for (const auto& [name, weight] : {std::pair{"a.bin", a}, std::pair{"b.bin", b}}) {
      sources.push_back({std::make_unique<Loader>(std::vector<std::string>{folder / name},
                                                  LoaderOptions{8, 20000, seed, true, {}, true}),
                         weight, name});
    }
    return Mixture(std::move(sources), seed);
  };
  const Mixture even = make(1, 1, 1);
  EXPECT_EQ(even.description(), "100 windows x 512 + 300 windows x 512");
  std::map<uint32_t, int> seen;
  uint32_t from_a = 0;
  for (uint64_t i = 0; i < 1024; ++i) {
    const uint32_t first = even.batch(i, 1).tokens[0];
    from_a += first < 10000;
    ++seen[first];
  }
  EXPECT_EQ(from_a, 512u);  // each of a's 100 windows five times, twelve of them six times
  int fives = 0;
  for (const auto& [first, count] : seen) {
    if (first >= 10000) continue;
    EXPECT_TRUE(count == 5 || count == 6) << first;
    fives += count == 5;
  }
  EXPECT_EQ(fives, 88);
  EXPECT_EQ(make(0, 0, 1).description(), "100 windows x 256 + 300 windows x 768");  // as many as each has
  EXPECT_NE(make(1, 1, 2).batch(0, 16).tokens, even.batch(0, 16).tokens);
  const std::vector<uint32_t> all = even.batch(0, 16).tokens;
  EXPECT_EQ(make(1, 1, 1).batch(3, 5).tokens, std::vector<uint32_t>(all.begin() + 24, all.begin() + 64));
  EXPECT_THROW(make(1, 5000, 1), UsageError);
}

// Shares that change: each stage's own in its rounds, every source in its order throughout, whatever is left out.
TEST(Mixture, StagesChangeTheShares) {
  testing::TemporaryFolder folder;
  write_shard(folder / "a.bin", counting(0, 8 * 4000 + 1));
  write_shard(folder / "b.bin", counting(0, 8 * 4000 + 1));
  const auto make = [&](const std::vector<Mixture::Stage>& stages) {
    std::vector<Mixture::Source> sources;
    for (const auto& name : {"a.bin", "b.bin"}) {
      sources.push_back({std::make_unique<Loader>(std::vector<std::string>{folder / name},
                                                  LoaderOptions{8, 40000, 1, false, {}, true}),
                         1, name});
    }
    return Mixture(std::move(sources), 1, stages);
  };
  const Mixture staged = make({{1500, {1, 0}}, {3000, {1, 3}}});
  EXPECT_EQ(staged.description(),
            "4000 windows x 512 + 4000 windows x 512, from window 1500 x 1024 + x 0, from window 3000 x 256 + x 768");
  const auto is_of_a = [&](uint64_t i) { return staged.place(i).starts_with(folder / "a.bin"); };
  std::set<std::string> seen;
  std::vector<int> of_a(3);
  for (uint64_t i = 0; i < 4024; ++i) {
    of_a[i < 1500 ? 0 : i < 3000 ? 1 : 2] += is_of_a(i);
    EXPECT_TRUE(seen.insert(staged.place(i)).second) << i;  // nothing twice before its epoch is over
  }
  EXPECT_NEAR(of_a[0], 750, 40);
  EXPECT_EQ(of_a[1], 1500);
  EXPECT_EQ(of_a[2], 256);
  // The stages before one decide it; those after do not.
  EXPECT_EQ(make({{1500, {1, 0}}}).batch(1400, 200).tokens, staged.batch(1400, 200).tokens);
  EXPECT_EQ(make({}).batch(0, 1500).tokens, staged.batch(0, 1500).tokens);
  EXPECT_NE(make({}).batch(1500, 10).tokens, staged.batch(1500, 10).tokens);
  EXPECT_THROW(make({{1500, {1, 5000}}}), UsageError);
}

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Loader, FindsASplitByTheFieldsOfNamesNotByTheirLetters) {
  testing::TemporaryFolder folder;
  for (const std::string name :
       {"pretrain_val_000000.bin", "medieval_train_000000.bin", "val_notes_train_000000.bin", "shop-valid-03.bin",
        "train.bin", "tokens.bin", "trainer_000000.bin", "interval_0.bin"}) {
    write_shard(folder / name, counting(0, 30));
  }
  const auto names = [&](Split split) {
    std::set<std::string> found;
    for (const std::string& path : find_shards(folder.path().string(), split))
      found.insert(path.substr(folder.path().string().size() + 1));
    return found;
  };
  EXPECT_EQ(names(Split::kTrain),
            (std::set<std::string>{"medieval_train_000000.bin", "train.bin", "val_notes_train_000000.bin"}));
  EXPECT_EQ(names(Split::kValidation), (std::set<std::string>{"pretrain_val_000000.bin", "shop-valid-03.bin"}));
  write_shard(folder / "x_train_val.bin", counting(0, 30));
  EXPECT_NE(
      error_of([&] { (void)names(Split::kTrain); }).find("x_train_val.bin: its name says two things of its split"),
      std::string::npos);
}

TEST(Loader, AManifestDecidesOverNames) {
  testing::TemporaryFolder folder;
  const auto entry = [&](const std::string& name, Split split) {
    write_shard(folder / name, counting(0, 30));
    ShardEntry shard;
    shard.split = split;
    shard.tokens = 30;
    shard.shard.name = name;
    return shard;
  };
  Manifest manifest;
  manifest.vocabulary.size = 300;
  manifest.shards = {entry("a_val_0.bin", Split::kTrain), entry("b_train_0.bin", Split::kValidation)};
  write_shard(folder / "left_train_1.bin", counting(0, 30));  // of no manifest
  write_file(folder / kManifestName, write_manifest(manifest));
  EXPECT_EQ(find_shards(folder.path().string(), Split::kTrain), std::vector<std::string>{folder / "a_val_0.bin"});
  EXPECT_EQ(find_shards(folder.path().string(), Split::kValidation),
            std::vector<std::string>{folder / "b_train_0.bin"});
}

// A shard that is named itself: for training unless the manifest or, where that does not list it, its name says
// otherwise; for validation always.
TEST(Loader, ANamedShardIsNotTrainedOnAgainstWhatIsSaidOfIt) {
  testing::TemporaryFolder folder;
  const auto why_not = [&](const std::string& name) {
    EXPECT_EQ(list_shards(folder / name, Split::kValidation), std::vector<std::string>{folder / name});
    return error_of(
        [&] { EXPECT_EQ(find_shards(folder / name, Split::kTrain), std::vector<std::string>{folder / name}); });
  };
  std::filesystem::create_directories(folder / "val");
  for (const std::string name : {"tokens.bin", "a_train_0.bin", "b_val_0.bin", "c_test_0.bin", "val/shard.bin"})
    write_shard(folder / name, counting(0, 30));
  EXPECT_EQ(why_not("tokens.bin"), "");
  EXPECT_EQ(why_not("a_train_0.bin"), "");
  EXPECT_NE(why_not("b_val_0.bin").find("b_val_0.bin: not for training, as its name says"), std::string::npos);
  EXPECT_NE(why_not("c_test_0.bin").find("as its name says"), std::string::npos);
  EXPECT_NE(why_not("val/shard.bin").find("as its name says"), std::string::npos);
  Manifest manifest;
  manifest.vocabulary.size = 300;
  for (const auto& [name, split] : {std::pair{"a_train_0.bin", Split::kValidation}, {"b_val_0.bin", Split::kTrain}}) {
    ShardEntry& shard = manifest.shards.emplace_back();
    shard.split = split;
    shard.tokens = 30;
    shard.shard.name = name;
  }
  write_file(folder / kManifestName, write_manifest(manifest));
  EXPECT_NE(why_not("a_train_0.bin").find("as manifest.json says"), std::string::npos);
  EXPECT_EQ(why_not("b_val_0.bin"), "");
}

TEST(Loader, ChecksumIsOfTokensAndMasks) {
  testing::TemporaryFolder folder;
  const auto checksum = [&] {
    FileChecksums files(folder / "no-record");
    return Loader({folder / "x_train.bin"}, {8, 100, 0, false, {}, true}).checksum(files);
  };
  write_shard(folder / "x_train.bin", counting(0, 30));
  const std::string first = checksum();
  EXPECT_EQ(checksum(), first);
  std::string mask(30, '\1');
  write_file(folder / "x_train.mask", mask);
  const std::string masked = checksum();
  EXPECT_NE(masked, first);
  mask[29] = 0;
  write_file(folder / "x_train.mask", mask);
  EXPECT_NE(checksum(), masked);
  std::vector<uint32_t> tokens = counting(0, 30);
  tokens[29] = 0;
  std::filesystem::remove(folder / "x_train.mask");
  write_shard(folder / "x_train.bin", tokens);
  EXPECT_NE(checksum(), first);
}

TEST(Loader, RefusesWhatItCannotTrainOn) {
  testing::TemporaryFolder folder;
  write_shard(folder / "short.bin", counting(0, 8));
  EXPECT_NE(error_of([&] {
              Loader({folder / "short.bin"}, {8, 10, 0, false, {}, true});
            }).find("fewer tokens than one window of 9"),
            std::string::npos);
  write_shard(folder / "wide.bin", counting(0, 30));
  const Loader wide({folder / "wide.bin"}, {8, 20, 0, false, {}, true});
  EXPECT_NO_THROW(wide.batch(0, 2));
  EXPECT_NE(error_of([&] { (void)wide.batch(2, 1); }).find("token 20 is 20, outside the vocabulary of 20"),
            std::string::npos);
  std::string cut = read_file(folder / "wide.bin");
  cut.resize(cut.size() - 2);
  write_file(folder / "cut.bin", cut);
  EXPECT_NE(error_of([&] {
              Loader({folder / "cut.bin"}, {8, 20, 0, false, {}, true});
            }).find("cut.bin"),
            std::string::npos);
  EXPECT_NE(error_of([&] {
              (void)find_shards(folder.path().string(), Split::kTrain);
            }).find("no training shards: no manifest.json lists one"),
            std::string::npos);
}

}  // namespace
}  // namespace ftok
