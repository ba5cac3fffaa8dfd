// manifest.json: what an output folder holds and how it was made. It is written last, when the run is done; until then
// the journal (pipeline/journal.h) says what there is. It holds no time, thread count or path of the machine beyond the
// inputs' names as given; the same run gives the same bytes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "shards/checksum.h"
#include "shards/json_fields.h"
#include "shards/writer.h"

namespace ftok {

inline constexpr char kManifestName[] = "manifest.json";
inline constexpr char kJournalName[] = "journal";       // in its place while a run is in progress
inline constexpr char kBindingName[] = "binding.toml";  // what Manifest::binding is the checksum of

struct Manifest {
  std::map<std::string, std::string> software;  // name -> version: "ftok", "unicode", "libzstd", ...
  std::string recipe;                           // TOML text of the content keys
  std::string binding;                          // its digest, as the caller defines it: what a folder is bound to
  std::map<std::string, std::string> digests;   // of models and lists, name -> digest
  std::vector<std::string> notes;               // what differs from what the recipe names

  struct Vocabulary {
    std::string name;
    std::string digest;
    uint64_t size = 0;
    uint64_t end_of_text = 0;
    bool operator==(const Vocabulary&) const = default;
  } vocabulary;

  std::string shard_format = "llmc";
  uint64_t token_bytes = 2;
  uint64_t shard_tokens = 0;
  EndOfText placement = EndOfText::kBefore;
  uint64_t validation_per_mille = 0;

  // The parts so far, in the inputs' order.
  struct Input {
    uint64_t part = 0;
    std::string report;  // JSON object, as in the receipt
    FileEntry receipt;   // "parts/000000.receipt"
    bool operator==(const Input&) const = default;
  };
  std::vector<Input> inputs;
  uint64_t parts_in_shards = 0;  // parts [0, this) are wholly in `shards`
  std::vector<ShardEntry> shards;
  std::vector<FileEntry> split_files;  // of the format, about all shards of a split
  std::vector<std::string> corpora;    // to which documents were routed: corpora/NAME, each with a manifest of its own
  std::string corpus;                  // of such a folder: its name
  std::string job;  // a JSON object: of a job's folder the checksum of job.json and the tasks' receipts; empty: a run's
  uint64_t removals = 0;      // how often documents were removed (removal.h): removals/000001.json and on
  std::string totals = "{}";  // a JSON object: counters over all inputs, the caller's

  bool operator==(const Manifest&) const = default;
};

// A shard as one JSON object, and back; reading throws JsonFields::Missing.
std::string write_shard_entry(const ShardEntry& shard);
ShardEntry read_shard_entry(const JsonFields& fields);

// The manifest that lists the shard at `path`, of this format or that: beside it, or beside its folder ("train",
// "val"); empty where there is none. `name` becomes the shard's name in it.
std::string manifest_path_of(const std::string& path, std::string& name);

// Sets what the manifest says of the shards' layout.
void describe_shards(const ShardWriterOptions& options, Manifest& manifest);

std::string write_manifest(const Manifest& manifest);

// Damage codes: "unsealed", "bad_checksum", "bad_manifest", and "unfinished" for a manifest that `ftok tokenize` of
// ftok 0.1.0 wrote on the way.
Result<Manifest> parse_manifest(std::string_view file);

// Throws Error naming the path when it cannot be read or is damaged.
Manifest read_manifest(const std::string& path);

}  // namespace ftok
