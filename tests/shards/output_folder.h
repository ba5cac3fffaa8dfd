// A small output folder as a run makes it: parts, shards, manifest; for tests.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "core/file.h"
#include "document/document.h"
#include "shards/bytes.h"
#include "shards/manifest.h"
#include "shards/part.h"
#include "shards/writer.h"

namespace ftok::testing {

// Replaces a file's bytes, without the care (and the time) of write_file.
inline void overwrite(const std::string& path, const std::string& bytes) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  std::fwrite(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
}

// The values as they lie in a file, little-endian.
template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  std::string bytes;
  for (const T value : values) append_little_endian(bytes, value);
  return bytes;
}

// Flips bits of one byte in place.
inline void flip_byte(const std::string& path, size_t offset, int bits) {
  std::FILE* file = std::fopen(path.c_str(), "r+b");
  std::fseek(file, static_cast<long>(offset), SEEK_SET);
  const int byte = std::fgetc(file);
  std::fseek(file, static_cast<long>(offset), SEEK_SET);
  std::fputc(byte ^ bits, file);
  std::fclose(file);
}

inline Document make_document(int number, size_t tokens) {
  Document document;
  document.id = "urn:uuid:" + std::to_string(number);
  document.url = "https://example.org/" + std::to_string(number);
  document.dump = "CC-MAIN-2024-22";
  document.date = "2024-05-18T01:02:03Z";
  document.file_path = "a.warc.gz";
  document.language = "en";
  document.language_score = 0.75;
  document.text = "Text of \"document\" " + std::to_string(number) + "\nwith two lines.";
  for (size_t i = 0; i < tokens; ++i) document.tokens.push_back(static_cast<uint32_t>((number * 31 + i * 7) % 997));
  document.dedup_keys = {static_cast<uint64_t>(number) * 3, static_cast<uint64_t>(number) * 5};
  return document;
}

// Two parts, shards of 50 tokens, the manifest. The first part's tokens file is deleted, as after sharding.
inline void make_output_folder(const std::string& folder) {
  make_folder(folder + "/parts");
  Manifest manifest;
  manifest.software = {{"ftok", "0.1.0"}};
  manifest.recipe = "[c4]\nsentences_min = 5\n";
  write_file(folder + "/" + kBindingName, "b1");
  manifest.binding = checksum_of("b1");
  manifest.vocabulary = {"test", "d1", 1000, 999};
  manifest.shard_tokens = 50;
  manifest.validation_per_mille = 5;
  ShardWriter shards({folder, 50, 1000, 999, EndOfText::kBefore, true});
  for (int number = 0; number < 2; ++number) {
    PartWriter part({folder + "/parts", true, true, 2, 2}, static_cast<uint64_t>(number));
    for (int i = 0; i < 4; ++i) {
      const Document document = make_document(number * 10 + i, 20 + static_cast<size_t>(i));
      part.add_judged(document.id, document.dedup_keys);
      if (i == 3) {
        part.add_reject("{\"id\":\"" + document.id + "\",\"reason\":\"dedup.minhash\"}");
        continue;
      }
      const Split split = number == 0 && i == 0 ? Split::kValidation : Split::kTrain;
      part.add_kept(document, split);
      shards.add(split, document.id, document.tokens, std::vector<uint8_t>(document.tokens.size(), 1));
    }
    part.commit(checksum_of("b1"), "{\"input\":\"a.warc.gz\",\"records\":4}");
    FileEntry receipt;
    receipt.name = "parts/00000" + std::to_string(number) + ".receipt";
    receipt.checksum = checksum_of_file(folder + "/" + receipt.name, &receipt.bytes);
    manifest.inputs.push_back({static_cast<uint64_t>(number), "{\"input\":\"a.warc.gz\",\"records\":4}", receipt});
  }
  manifest.shards = shards.checkpoint();
  manifest.parts_in_shards = 2;
  std::filesystem::remove(folder + "/parts/000000.tokens");
  write_file(folder + "/" + kManifestName, write_manifest(manifest));
}

}  // namespace ftok::testing
