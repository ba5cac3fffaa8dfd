// The shard formats, byte by byte, and what all of them promise: the same documents back, the same bytes after any
// kill, and conversion that gives the bytes of a run in the other format.
#include "shards/shard_format.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>

#include "core/error.h"
#include "core/file.h"
#include "core/temporary_files.h"
#include "shards/bytes.h"
#include "shards/convert.h"
#include "shards/manifest.h"
#include "shards/reader.h"
#include "shards/split_files.h"
#include "shards/verify.h"
#include "tests/shards/output_folder.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

std::map<std::string, std::string> files_of(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[fs::relative(entry.path(), folder).string()] = read_file(entry.path().string());
  }
  return files;
}

ShardWriterOptions options_for(const std::string& folder, const std::string& format, uint64_t vocabulary_size = 1000) {
  ShardWriterOptions options{folder, 50, vocabulary_size, 999};
  options.format = &find_shard_format(format, "format");
  options.placement = options.format->end_of_text();
  options.vocabulary_name = "test";
  return options;
}

void add_documents(ShardWriter& writer, int begin, int end) {
  for (int i = begin; i < end; ++i) {
    const Document document = testing::make_document(i, static_cast<size_t>(i * 13 % 120));
    writer.add(i % 5 == 0 ? Split::kValidation : Split::kTrain, document.id, document.tokens);
  }
}

// 40 documents in shards of 50 tokens, with a manifest.
void make_shards(const std::string& folder, const ShardWriterOptions& options) {
  make_folder(folder);
  ShardWriter writer(options);
  add_documents(writer, 0, 40);
  Manifest manifest;
  manifest.vocabulary = {"test", "d1", options.vocabulary_size, 999};
  describe_shards(options, manifest);
  manifest.shards = writer.checkpoint();
  manifest.split_files = write_split_files(options, manifest.shards);
  write_file(folder + "/manifest.json", write_manifest(manifest));
}

using testing::bytes_of;

TEST(ShardFormats, HaveNamesThatAreFound) {
  EXPECT_EQ(shard_format_names(),
            (std::vector<std::string>{"llmc", "megatron", "datatrove", "olmo", "litdata", "mds", "raw"}));
  for (const ShardFormat* format : shard_formats()) {
    EXPECT_EQ(&find_shard_format(format->name(), "format"), format);
    EXPECT_NE(shard_format_help().find(format->help()), std::string::npos);
  }
  try {
    find_shard_format("datatrov", "shards.format");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "shards.format: \"datatrov\" is not a shard format; the nearest is \"datatrove\"");
  }
}

// Two documents, of 3 and 2 tokens, in shards of 4: the layouts of docs/formats.md.
TEST(ShardFormats, HaveTheirBytes) {
  testing::TemporaryFolder folder;
  const auto write = [&](const std::string& format, uint64_t vocabulary_size) {
    ShardWriterOptions options = options_for(folder.path().string(), format, vocabulary_size);
    options.shard_tokens = 4;
    ShardWriter writer(options);
    writer.add(Split::kTrain, "a", std::vector<uint32_t>{1, 2, 3});
    writer.add(Split::kTrain, "b", std::vector<uint32_t>{4, 5});
    return writer.checkpoint();
  };
  write("raw", 65536);
  EXPECT_EQ(read_file(folder / "ftok_train_000000.bin"), bytes_of<uint16_t>({1, 2, 3, 999}));
  EXPECT_EQ(read_file(folder / "ftok_train_000001.bin"), bytes_of<uint16_t>({4, 5, 999}));
  write("raw", 65537);
  EXPECT_EQ(read_file(folder / "ftok_train_000001.bin"), bytes_of<uint32_t>({4, 5, 999}));
  write("llmc", 65536);
  EXPECT_EQ(read_file(folder / "ftok_train_000000.bin"),
            encode_shard_header(2, 4) + bytes_of<uint16_t>({999, 1, 2, 3}));
  EXPECT_EQ(read_file(folder / "ftok_train_000001.bin"), encode_shard_header(2, 3) + bytes_of<uint16_t>({999, 4, 5}));
  const std::vector<ShardEntry> entries = write("datatrove", 65536);
  EXPECT_EQ(read_file(folder / "ftok_train_000000.ds"), bytes_of<uint16_t>({1, 2, 3, 999}));
  EXPECT_EQ(read_file(folder / "ftok_train_000000.ds.index"), bytes_of<uint64_t>({4}));
  EXPECT_EQ(read_file(folder / "ftok_train_000000.ds.metadata"), "test|2\n4\n4.00 T");
  EXPECT_EQ(read_file(folder / "ftok_train_000001.ds.index"), bytes_of<uint64_t>({3}));
  ASSERT_EQ(entries[0].companions.size(), 2u);
  EXPECT_EQ(entries[0].companions[0].name, "ftok_train_000000.ds.index");
}

// The same documents for Megatron: the shards' indexes list what lies in them, the joined one whole documents.
TEST(ShardFormats, HaveMegatronsBytes) {
  testing::TemporaryFolder folder;
  for (const uint64_t vocabulary_size : {65536u, 65537u}) {
    const size_t width = vocabulary_size == 65536 ? 2 : 4;
    ShardWriterOptions options = options_for(folder.path().string(), "megatron", vocabulary_size);
    options.shard_tokens = 4;
    ShardWriter writer(options);
    writer.add(Split::kTrain, "a", std::vector<uint32_t>{1, 2});
    writer.add(Split::kTrain, "b", std::vector<uint32_t>{4, 5});
    const std::vector<FileEntry> files = write_split_files(options, writer.checkpoint());
    const auto index = [&](const std::vector<int32_t>& lengths, const std::vector<int64_t>& offsets) {
      std::string bytes("MMIDIDX\0\0\1\0\0\0\0\0\0\0", 17);
      bytes += width == 2 ? '\x08' : '\x04';
      bytes += bytes_of<uint64_t>({lengths.size(), lengths.size() + 1}) + bytes_of(lengths) + bytes_of(offsets);
      for (size_t document = 0; document <= lengths.size(); ++document)
        append_little_endian(bytes, static_cast<int64_t>(document));
      return bytes;
    };
    const auto bytes = static_cast<int64_t>(width);
    EXPECT_EQ(read_file(folder / "ftok_train_000000.idx"), index({3, 1}, {0, 3 * bytes}));
    EXPECT_EQ(read_file(folder / "ftok_train_000001.idx"), index({2}, {0}));
    EXPECT_EQ(read_file(folder / "joined/train.idx"), index({3, 3}, {0, 3 * bytes}));
    EXPECT_EQ(read_file(folder / "joined/train.bin"),
              width == 2 ? bytes_of<uint16_t>({1, 2, 999, 4, 5, 999}) : bytes_of<uint32_t>({1, 2, 999, 4, 5, 999}));
    ASSERT_EQ(files.size(), 2u);
    EXPECT_EQ(files[1].name, "joined/train.idx");
    EXPECT_EQ(files[1].checksum, checksum_of_file(folder / "joined/train.idx"));
  }
}

TEST(ShardFormats, HaveTheBytesOfSampleTables) {
  testing::TemporaryFolder folder;
  const auto write = [&](const std::string& format, uint64_t vocabulary_size) {
    ShardWriterOptions options = options_for(folder.path().string(), format, vocabulary_size);
    ShardWriter writer(options);
    writer.add(Split::kTrain, "a", std::vector<uint32_t>{1, 2});
    writer.add(Split::kTrain, "b", std::vector<uint32_t>{4});
    return write_split_files(options, writer.checkpoint()).front().name;
  };
  EXPECT_EQ(write("litdata", 1000), "train/index.json");
  EXPECT_EQ(read_file(folder / "train/ftok_train_000000.bin"),
            bytes_of<uint32_t>({2, 16, 28, 36}) + bytes_of<int32_t>({1, 2, 999, 4, 999}));
  EXPECT_NE(read_file(folder / "train/index.json")
                .find(R"({"chunk_bytes": 36, "chunk_size": 2, "dim": 5, "filename": "ftok_train_000000.bin"})"),
            std::string::npos);
  for (const bool wide : {false, true}) {
    write("mds", wide ? 100000 : 1000);
    const std::string columns = std::string(R"("column_encodings": ["ndarray:)") + (wide ? "int32" : "uint16") +
                                R"("], "column_names": ["tokens"], "column_sizes": [null], "compression": null, )"
                                R"("format": "mds", "hashes": [])";
    const std::string config = "{" + columns + R"(, "size_limit": null, "version": 2})";
    const auto sample = [&](const std::vector<uint16_t>& tokens) {
      std::string bytes = bytes_of<uint32_t>({static_cast<uint32_t>(2 + tokens.size() * (wide ? 4 : 2))});
      bytes += '\4';  // one dimension, whose length is a uint8
      bytes += static_cast<char>(tokens.size());
      return bytes + (wide ? bytes_of(std::vector<uint32_t>(tokens.begin(), tokens.end())) : bytes_of(tokens));
    };
    const std::string a = sample({1, 2, 999}), b = sample({4, 999});
    const auto begin = static_cast<uint32_t>(16 + config.size()), middle = static_cast<uint32_t>(begin + a.size());
    EXPECT_EQ(read_file(folder / "train/ftok_train_000000.mds"),
              bytes_of<uint32_t>({2, begin, middle, static_cast<uint32_t>(middle + b.size())}) + config + a + b);
    EXPECT_NE(read_file(folder / "train/index.json").find("{\"shards\": [{" + columns), std::string::npos);
  }
}

class EachSampleFormat : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Formats, EachSampleFormat, ::testing::Values("litdata", "mds"));

// The lengths of some documents, one at a call.
std::function<std::optional<uint64_t>()> give(std::vector<uint64_t> lengths) {
  return [lengths = std::move(lengths), at = size_t{0}]() mutable -> std::optional<uint64_t> {
    if (at == lengths.size()) return std::nullopt;
    return lengths[at++];
  };
}

// Where documents are known beforehand, the table is written first and nothing is kept apart: the bytes are the same.
TEST_P(EachSampleFormat, HasTheSameBytesWhereDocumentsAreExpected) {
  for (const EndOfText placement : {EndOfText::kBefore, EndOfText::kAfter, EndOfText::kNone}) {
    for (const uint64_t shard_tokens : {7u, 115u, 121u, 5000u}) {
      testing::TemporaryFolder folder;
      std::vector<std::vector<ShardEntry>> shards;
      for (const bool is_expected : {false, true}) {
        ShardWriterOptions options = options_for(folder / (is_expected ? "expected" : "spooled"), GetParam(), 100000);
        make_folder(options.folder);
        options.placement = placement;
        options.shard_tokens = shard_tokens;
        ShardWriter writer(options);
        std::vector<uint64_t> lengths;
        for (int i = 0; i < 6; ++i) lengths.push_back(static_cast<uint64_t>(i * 13 % 40));
        if (is_expected) writer.expect(Split::kTrain, give(lengths));
        for (int i = 0; i < 6; ++i) {
          const Document document = testing::make_document(i, lengths[static_cast<size_t>(i)]);
          writer.add(Split::kTrain, document.id, document.tokens);
        }
        shards.push_back(writer.checkpoint());
      }
      EXPECT_EQ(shards[0], shards[1]);
      EXPECT_EQ(files_of(folder / "spooled"), files_of(folder / "expected")) << shard_tokens;
    }
  }
}

TEST_P(EachSampleFormat, RefusesOtherDocumentsThanExpected) {
  const auto write = [](const std::vector<uint64_t>& expected, const std::vector<size_t>& added) {
    testing::TemporaryFolder folder;
    {
      ShardWriter writer(options_for(folder.path().string(), GetParam()));
      writer.expect(Split::kTrain, give(expected));
      for (const size_t tokens : added) writer.add(Split::kTrain, "a", std::vector<uint32_t>(tokens, 1));
      writer.checkpoint();
    }
    return files_of(folder.path().string()).size();
  };
  EXPECT_EQ(write({3, 4}, {3, 4}), 2u);  // shard and sidecar
  EXPECT_THROW(write({3, 4}, {3, 5}), Error);
  EXPECT_THROW(write({3, 4}, {3, 3}), Error);
  EXPECT_THROW(write({3, 4}, {4, 3}), Error);
  EXPECT_THROW(write({3, 4}, {3}), Error);
  EXPECT_THROW(write({3, 4}, {3, 4, 1}), Error);
}

// OLMo-core takes the boundaries from a list beside the tokens; an id with a comma or a quote is one field of it.
TEST(Olmo, ReadsItsBoundariesWithoutTheSidecar) {
  testing::TemporaryFolder folder;
  ShardWriter writer(options_for(folder.path().string(), "olmo"));
  writer.add(Split::kTrain, "a,\"b\"\nc", std::vector<uint32_t>{1, 2});
  writer.add(Split::kTrain, "d", std::vector<uint32_t>{4});
  writer.checkpoint();
  EXPECT_EQ(read_file(folder / "ftok_train_000000.npy"), bytes_of<uint16_t>({1, 2, 999, 4, 999}));
  fs::remove(folder / "ftok_train_000000.docs");
  const ShardReader reader(folder / "ftok_train_000000.npy");
  EXPECT_EQ(reader.view().layout().document_ends, (std::vector<uint64_t>{3, 5}));
  write_file(folder / "x_train.npy", "\x93NUMPY\1\0and more");
  EXPECT_THROW(ShardReader(folder / "x_train.npy"), Error);  // NumPy's own format
}

// What stands in a foreign MDS shard beside the tokens, and types that are not tokens.
TEST(Mds, ReadsOtherColumnsAndRefusesOtherTypes) {
  testing::TemporaryFolder folder;
  const auto shard = [&](const std::string& encoding, const std::string& size) {
    const std::string config = R"({"column_encodings": ["str", ")" + encoding +
                               R"("], "column_names": ["id", "tokens"], "column_sizes": [null, )" + size + "]}";
    const std::string head = size == "null" ? bytes_of<uint32_t>({1, 6}) + "x\x04\x01" : bytes_of<uint32_t>({1}) + "x";
    const std::string sample = head + bytes_of<int32_t>({77});
    const auto begin = static_cast<uint32_t>(12 + config.size());
    write_file(folder / "shard.00000.mds",
               bytes_of<uint32_t>({1, begin, static_cast<uint32_t>(begin + sample.size())}) + config + sample);
    return ShardReader(folder / "shard.00000.mds").view().token(0);
  };
  EXPECT_EQ(shard("ndarray:int32", "null"), 77u);
  EXPECT_EQ(shard("ndarray:int32:1", "4"), 77u);
  EXPECT_THROW(shard("ndarray:float32", "null"), Error);
  EXPECT_THROW(shard("ndarray:int32:2", "4"), Error);
}

// A document that a cut divides ends, for the index, where the shard does.
TEST(Datatrove, IndexesThePiecesOfEachShard) {
  testing::TemporaryFolder folder;
  ShardWriterOptions options = options_for(folder.path().string(), "datatrove");
  options.shard_tokens = 1234;
  ShardWriter writer(options);
  writer.add(Split::kTrain, "a", std::vector<uint32_t>(999, 7));
  writer.add(Split::kTrain, "b", std::vector<uint32_t>(300, 8));
  writer.checkpoint();
  EXPECT_EQ(read_file(folder / "ftok_train_000000.ds.index"), bytes_of<uint64_t>({1000, 1234}));
  EXPECT_EQ(read_file(folder / "ftok_train_000001.ds.index"), bytes_of<uint64_t>({67}));
  EXPECT_EQ(read_file(folder / "ftok_train_000000.ds.metadata"), "test|2\n1234\n1.23 kT");
  EXPECT_EQ(read_file(folder / "ftok_train_000001.ds.metadata"), "test|2\n67\n67.0 T");
}

class EachFormat : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Formats, EachFormat, ::testing::ValuesIn(shard_format_names()));

TEST_P(EachFormat, GivesBackTheDocuments) {
  for (const uint64_t vocabulary_size : {1000u, 100000u}) {
    testing::TemporaryFolder folder;
    ShardWriter writer(options_for(folder.path().string(), GetParam(), vocabulary_size));
    add_documents(writer, 0, 40);
    std::map<std::string, std::vector<uint32_t>> documents;
    for (const ShardEntry& entry : writer.checkpoint()) {
      const ShardReader reader(folder / entry.shard.name);
      EXPECT_EQ(reader.format().name(), GetParam());
      EXPECT_EQ(reader.view().layout().token_bytes, reader.format().token_bytes(vocabulary_size));
      for (size_t row = 0; row < reader.sidecar()->size(); ++row) {
        std::vector<uint32_t> piece;
        reader.view().read(reader.sidecar()->document(row).begin, reader.sidecar()->end(row), piece);
        auto& tokens = documents[std::string(reader.sidecar()->document(row).id)];
        tokens.insert(tokens.end(), piece.begin(), piece.end());
      }
    }
    ASSERT_EQ(documents.size(), 40u);
    for (int i = 0; i < 40; ++i) {
      const Document document = testing::make_document(i, static_cast<size_t>(i * 13 % 120));
      std::vector<uint32_t> expected = document.tokens;
      expected.insert(GetParam() == "llmc" ? expected.begin() : expected.end(), 999);
      EXPECT_EQ(documents[document.id], expected) << i;
    }
  }
}

// The files about all shards, written along with these where the writer may do so and read back from them where not.
TEST_P(EachFormat, JoinedAlongGivesTheSameBytes) {
  for (const uint64_t shard_tokens : {7u, 50u, 5000u}) {
    testing::TemporaryFolder folder;
    std::vector<std::vector<FileEntry>> split_files;
    for (const bool joins : {false, true}) {
      ShardWriterOptions options = options_for(folder / (joins ? "along" : "after"), GetParam());
      make_folder(options.folder);
      options.shard_tokens = shard_tokens;
      ShardWriter writer(options);
      if (joins) writer.join();
      add_documents(writer, 0, 40);
      const std::vector<ShardEntry> shards = writer.checkpoint();
      const bool has_one = !options.format->joined_file(Split::kTrain).empty();
      EXPECT_EQ(writer.joined().size(), joins && has_one ? 2u : 0u);
      for (const FileEntry& file : writer.joined()) {
        EXPECT_EQ(file.checksum, checksum_of_file(options.folder + "/" + file.name));
      }
      split_files.push_back(write_split_files(options, shards, writer.joined()));
    }
    EXPECT_EQ(split_files[0], split_files[1]);
    EXPECT_EQ(files_of(folder / "after"), files_of(folder / "along")) << shard_tokens;
  }
  EXPECT_FALSE(find_shard_format("megatron", "").joined_file(Split::kTrain).empty());
}

// Whether the number of tokens that will come is known, or believed to be.
TEST_P(EachFormat, ExpectedTokensGiveTheSameBytes) {
  for (const uint64_t shard_tokens : {50u, 5000u}) {
    std::vector<std::map<std::string, std::string>> files;
    std::vector<std::vector<ShardEntry>> shards;
    uint64_t all = 0;
    for (const int difference : {0, 0, 1, -1, -60, 1'000'000}) {
      testing::TemporaryFolder folder;
      ShardWriterOptions options = options_for(folder.path().string(), GetParam());
      options.shard_tokens = shard_tokens;
      ShardWriter writer(options);
      if (all > 0) writer.expect_tokens(Split::kTrain, all + static_cast<uint64_t>(difference));
      add_documents(writer, 0, 40);
      all = writer.tokens(Split::kTrain);
      shards.push_back(writer.checkpoint());
      files.push_back(files_of(folder.path().string()));
      EXPECT_EQ(files.back(), files.front()) << difference;
      EXPECT_EQ(shards.back(), shards.front()) << difference;
    }
  }
}

TEST_P(EachFormat, ContinuedGivesTheSameBytes) {
  testing::TemporaryFolder whole_folder;
  ShardWriter whole(options_for(whole_folder.path().string(), GetParam()));
  add_documents(whole, 0, 40);
  const auto expected = whole.checkpoint();
  for (const int cut : {1, 14, 27}) {
    testing::TemporaryFolder folder;
    const ShardWriterOptions options = options_for(folder.path().string(), GetParam());
    std::vector<ShardEntry> shards;
    {
      ShardWriter first(options);
      add_documents(first, 0, cut);
      shards = first.checkpoint();
      add_documents(first, cut, cut + 3);  // what a killed run leaves beyond its checkpoint
      first.checkpoint();
    }
    remove_unlisted_shards(options.folder, shards);
    ShardWriter second(options, shards);
    add_documents(second, cut, 40);
    second.checkpoint();
    EXPECT_EQ(second.shards(), expected) << cut;
    EXPECT_EQ(files_of(options.folder), files_of(whole_folder.path().string())) << cut;
  }
}

TEST_P(EachFormat, RefusesToGoOnFromAChangedShard) {
  testing::TemporaryFolder folder;
  const ShardWriterOptions options = options_for(folder.path().string(), GetParam());
  ShardWriter first(options);
  add_documents(first, 0, 2);
  const std::vector<ShardEntry> shards = first.checkpoint();
  const std::string path = folder / shards.front().shard.name;
  testing::flip_byte(path, fs::file_size(path) - 1, 1);
  ShardWriter second(options, shards);
  EXPECT_THROW(add_documents(second, 1, 2), Error);
  fs::resize_file(path, fs::file_size(path) - 2);
  ShardWriter third(options, shards);
  EXPECT_THROW(add_documents(third, 1, 2), Error);
}

TEST_P(EachFormat, VerifiesAndFindsEveryFlippedByte) {
  testing::TemporaryFolder folder;
  make_shards(folder / "a", options_for(folder / "a", GetParam()));
  EXPECT_TRUE(verify_folder(folder / "a").findings.empty());
  for (const auto& [name, bytes] : files_of(folder / "a")) {
    if (name.find("val_000001") == std::string::npos) continue;
    for (size_t i = 0; i < bytes.size(); i += testing::kEveryNth) {
      testing::flip_byte(folder / "a/" + name, i, 1 << (i % 8));
      ASSERT_FALSE(verify_folder(folder / "a").findings.empty()) << name << " byte " << i;
      testing::flip_byte(folder / "a/" + name, i, 1 << (i % 8));
    }
  }
}

TEST_P(EachFormat, IsReadWithoutItsSidecarByTheManifest) {
  testing::TemporaryFolder folder;
  make_shards(folder / "a", options_for(folder / "a", GetParam(), 100000));
  for (const auto& [name, bytes] : files_of(folder / "a")) {
    if (name.ends_with(".docs")) fs::remove(folder / "a/" + name);
  }
  const Manifest manifest = read_manifest(folder / "a/manifest.json");
  const ShardReader reader(folder / "a/" + manifest.shards.front().shard.name);
  EXPECT_EQ(reader.format().name(), GetParam());
  EXPECT_EQ(reader.view().layout().token_bytes, 4u);
  EXPECT_EQ(reader.view().size(), 50u);
}

// From each format to the next, and to llm.c's: the bytes that writing in the other one gives.
TEST_P(EachFormat, ConvertsToTheBytesOfTheOther) {
  testing::TemporaryFolder folder;
  make_shards(folder / "from", options_for(folder / "from", GetParam()));
  const std::span<const ShardFormat* const> formats = shard_formats();
  const auto own = std::find(formats.begin(), formats.end(), &find_shard_format(GetParam(), "format"));
  const ShardFormat* const next = std::next(own) == formats.end() ? formats[1] : *std::next(own);
  for (const ShardFormat* to : {next, formats.front()}) {
    const std::string name(to->name());
    make_shards(folder / "expected-" + name, options_for(folder / "expected-" + name, name));
    ConvertOptions options;
    options.inputs = {folder / "from"};
    options.output = folder / "got-" + name;
    options.to = to;
    const ConvertResult result = convert_shards(options);
    EXPECT_EQ(result.documents, 40u);
    auto expected = files_of(folder / "expected-" + name), got = files_of(options.output);
    expected.erase("manifest.json"), got.erase("manifest.json");
    EXPECT_EQ(got, expected) << name;
    EXPECT_TRUE(verify_folder(options.output).findings.empty());
    for (const auto& entry : fs::directory_iterator(fs::path(options.output).parent_path())) {
      EXPECT_FALSE(is_temporary(entry.path().string())) << entry.path();
    }
    EXPECT_THROW(convert_shards(options), UsageError);  // it exists
  }
}

// Whatever pieces of documents the shards hold, and wherever the cuts come to lie.
TEST_P(EachSampleFormat, IsConvertedToAsItIsWritten) {
  testing::TemporaryFolder folder;
  for (const std::string from : {"llmc", "mds"}) {
    ShardWriterOptions source = options_for(folder / from, from);
    make_shards(source.folder, source);
    std::vector<std::string> all;
    for (const ShardEntry& entry : read_manifest(source.folder + "/manifest.json").shards)
      all.push_back(source.folder + "/" + entry.shard.name);
    const std::vector<std::string> without_some(all.begin() + 1, all.begin() + 7),
        one(all.begin() + 3, all.begin() + 4);
    for (const std::vector<std::string>& inputs : {all, without_some, one}) {
      for (const uint64_t shard_tokens : {50u, 170u}) {
        for (const std::string end_of_text : {"auto", "none"}) {
          ConvertOptions options;
          options.inputs = inputs;
          options.output = folder / "converted";
          options.to = &find_shard_format(GetParam(), "");
          options.shard_tokens = shard_tokens;
          options.end_of_text = end_of_text;
          convert_shards(options);
          ShardWriterOptions written = options_for(folder / "written", GetParam());
          make_folder(written.folder);
          written.shard_tokens = shard_tokens;
          if (end_of_text != "auto") written.placement = parse_end_of_text(end_of_text, "");
          ShardWriter writer(written);
          const ShardSource documents(inputs, {});
          for (const Split split : kSplits) {
            documents.for_each(
                split, [&](const SourceDocument& document) { writer.add(split, document.id, document.tokens); });
          }
          write_split_files(written, writer.checkpoint());
          auto got = files_of(options.output);
          got.erase("manifest.json");
          EXPECT_EQ(got, files_of(written.folder)) << from << ' ' << shard_tokens << ' ' << end_of_text;
          fs::remove_all(options.output);
          fs::remove_all(written.folder);
        }
      }
    }
  }
}

// A flipped byte of any file that is read: nothing is written. Without checksums there is nothing to compare.
TEST_P(EachFormat, IsNotConvertedWhereItDiffersFromItsChecksums) {
  testing::TemporaryFolder folder;
  make_shards(folder / "from", options_for(folder / "from", GetParam()));
  ConvertOptions options;
  options.inputs = {folder / "from"};
  options.output = folder / "to";
  options.to = &find_shard_format("raw", "");
  const auto refusal = [&]() -> std::string {
    try {
      convert_shards(options);
    } catch (const Error& error) {
      for (const auto& entry : fs::directory_iterator(folder.path())) EXPECT_EQ(entry.path().filename(), "from");
      return error.what();
    }
    fs::remove_all(options.output);
    return "";
  };
  EXPECT_EQ(refusal(), "");
  const std::string shard = folder / "from/" + read_manifest(folder / "from/manifest.json").shards.at(2).shard.name;
  const std::string sidecar = beside_shard(shard, ".docs");
  testing::flip_byte(shard, fs::file_size(shard) - 4, 1);  // of a token
  for (const char* to : {"mds", "raw"}) {  // one that sees by its plan, too, that an end-of-text token lacks
    options.to = &find_shard_format(to, "");
    EXPECT_EQ(refusal(), shard +
                             " is damaged: it does not have the checksum that its sidecar gives; `ftok shards "
                             "verify` says what is whole");
  }
  const std::string kept = read_file(sidecar);
  fs::remove(sidecar);
  EXPECT_NE(refusal().find(shard + " is damaged: it does not have the checksum that its manifest"), std::string::npos);
  fs::rename(folder / "from/manifest.json", folder / "from/other");
  options.inputs = {shard};
  options.from.shards = {&find_shard_format(GetParam(), ""), 2};
  options.from.end_of_text_id = 999;
  EXPECT_EQ(refusal(), "");
  fs::rename(folder / "from/other", folder / "from/manifest.json");
  testing::flip_byte(shard, fs::file_size(shard) - 4, 1);
  write_file(sidecar, kept);
  EXPECT_EQ(refusal(), "");
  testing::flip_byte(sidecar, kept.size() - 20, 1);
  EXPECT_TRUE(refusal().starts_with(sidecar)) << refusal();
}

// A whole document is taken to have the end-of-text token that the manifest tells of: one that lacks it is seen where
// tables rest on that.
TEST_P(EachSampleFormat, IsNotConvertedToWhereAnEndOfTextTokenLacks) {
  testing::TemporaryFolder folder;
  make_shards(folder / "from", options_for(folder / "from", "llmc"));
  const auto convert = [&](const std::string& to) {
    ConvertOptions options;
    options.inputs = {folder / "from"};
    options.output = folder / "to";
    options.to = &find_shard_format(to, "");
    const uint64_t documents = convert_shards(options).documents;
    fs::remove_all(options.output);
    return documents;
  };
  EXPECT_EQ(convert(GetParam()), 40u);
  const std::string shard = folder / "from/ftok_train_000000.bin", sidecar = beside_shard(shard, ".docs");
  testing::flip_byte(shard, kShardHeaderBytes, 1);
  Manifest manifest = read_manifest(folder / "from/manifest.json");
  ShardEntry& entry = manifest.shards.front();
  entry.shard.checksum = checksum_of_file(shard);
  {
    const std::string old = read_file(sidecar);
    const Result<SidecarView> view = SidecarView::parse(old);
    std::vector<ShardDocument> documents;
    for (size_t row = 0; row < view->size(); ++row) documents.push_back(view->document(row));
    write_file(sidecar, encode_sidecar(entry.tokens, entry.shard.checksum, documents));
  }
  entry.sidecar.checksum = checksum_of_file(sidecar);
  write_file(folder / "from/manifest.json", write_manifest(manifest));
  EXPECT_EQ(convert("raw"), 40u);
  EXPECT_THROW(convert(GetParam()), Error);
  EXPECT_FALSE(fs::exists(folder / "to"));
}

TEST(ConvertShards, RefusesAWidthThatDoesNotHoldTheVocabulary) {
  testing::TemporaryFolder folder;
  make_shards(folder / "wide", options_for(folder / "wide", "llmc", 65537));
  make_shards(folder / "narrow", options_for(folder / "narrow", "llmc", 65536));
  ConvertOptions options;
  options.to = &find_shard_format("raw", "");
  options.token_bytes = "2";
  options.output = folder / "out";
  options.inputs = {folder / "wide"};
  EXPECT_THROW(convert_shards(options), UsageError);
  EXPECT_FALSE(fs::exists(folder / "out"));
  options.inputs = {folder / "wide", folder / "narrow"};
  EXPECT_THROW(convert_shards(options), UsageError);  // two vocabularies
  options.inputs = {folder / "narrow"};
  EXPECT_NO_THROW(convert_shards(options));
}

}  // namespace
}  // namespace ftok
