// `ftok dedup recall`: MinHash held against its theory on documents of known similarity.
// `ftok dedup clusters`: what clustering, FineWeb's rule, would make of a finished run.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <memory>

#include "core/byte_source.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/shown.h"
#include "core/text_file.h"
#include "crawl/input_format.h"
#include "crawl/source.h"
#include "dedup/clusters.h"
#include "dedup/recall.h"
#include "pipeline/earlier_documents.h"
#include "shards/part.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/number_flags.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {
namespace {

struct RecallFlags {
  std::string pairs, documents;
  std::string hash = "xxhash", punctuation = "delete";
  RecallOptions options;
  bool json = false;
};

std::vector<std::vector<uint64_t>> shingles_of(const RecallFlags& flags) {
  ShingleOptions shingle_options;
  shingle_options.hash = flags.hash == "sha1" ? ShingleHash::kSha1 : ShingleHash::kXxh3;
  shingle_options.punctuation = flags.punctuation == "space" ? Punctuation::kSpace : Punctuation::kDelete;
  const InputFormat* format = nullptr;
  const auto source = open_text_rows(open_file_source(flags.documents), {}, &format);
  std::vector<std::vector<uint64_t>> shingles;
  for (Item item; source->next(item); item = Item()) {
    if (!item.verdict.kept()) {
      throw Error(fmt::format("{}: document {}: {} {}", flags.documents, shingles.size(), item.verdict.reason.view(),
                              item.verdict.detail));
    }
    make_shingles(item.document.text, shingle_options, shingles.emplace_back());
  }
  report_damage(*source, flags.documents, *format, shingles.size(), stderr_log());
  return shingles;
}

void print_table(const RecallFlags& flags, const std::vector<RecallBin>& bins, const JaccardDifference& difference) {
  print("Jaccard    pairs  mean J  theory  recall over {} seeds      seed {}\n", flags.options.seeds,
        flags.options.parameters.seed);
  print("                                mean   diff     sd   recall  off by\n");
  for (const RecallBin& bin : bins) {
    const double off = bin.default_recall - bin.mean_recall;
    print("{:.2f}-{:.2f} {:>7}   {:.3f}   {:.4f}  {:.4f} {:+.4f} {:.4f}   {:.4f}  {}\n", bin.low, bin.high, bin.pairs,
          bin.mean_jaccard, bin.theory, bin.mean_recall, bin.mean_recall - bin.theory, bin.deviation,
          bin.default_recall, std::abs(off) < 1e-9 ? "0 sd" : fmt::format("{:+.1f} sd", off / bin.deviation));
  }
  print("similarity given in {}: differs from that of the shingles here by {:.4f} on average, {:.4f} at most\n",
        shown_field(flags.pairs), difference.mean, difference.largest);
}

void print_json(const RecallFlags& flags, const std::vector<RecallBin>& bins, const JaccardDifference& difference) {
  JsonWriter json;
  json.begin_object().field("seeds", flags.options.seeds).field("seed", flags.options.parameters.seed);
  json.field("jaccard_difference_mean", difference.mean).field("jaccard_difference_largest", difference.largest);
  json.key("bins").begin_array();
  for (const RecallBin& bin : bins) {
    json.begin_object().field("low", bin.low).field("high", bin.high).field("pairs", bin.pairs);
    json.field("mean_jaccard", bin.mean_jaccard).field("theory", bin.theory).field("mean_recall", bin.mean_recall);
    json.field("deviation", bin.deviation).field("default_recall", bin.default_recall).end_object();
  }
  json.end_array().end_object();
  print("{}\n", json.text());
}

void recall(RecallFlags& flags) {
  flags.options.parameters.fineweb = flags.hash == "sha1";
  const std::vector<std::vector<uint64_t>> shingles = shingles_of(flags);
  const Result<std::vector<SimilarPair>> pairs = parse_pairs(read_text_file(flags.pairs));
  if (!pairs) throw Error(fmt::format("{}: {}", flags.pairs, pairs.damage().detail));
  for (const SimilarPair& pair : *pairs) {
    if (std::max(pair.a, pair.b) >= shingles.size()) {
      throw Error(fmt::format("{} names document {}; {} has {}", flags.pairs, std::max(pair.a, pair.b), flags.documents,
                              shingles.size()));
    }
  }
  const std::vector<RecallBin> bins = measure_recall(shingles, *pairs, flags.options);
  (flags.json ? print_json : print_table)(flags, bins, compare_jaccard(shingles, *pairs));
}

struct ClusterFlags {
  std::vector<std::string> paths;
  size_t buckets = 14;
  bool list = false;
  bool json = false;
};

// The keys files among the arguments: a folder stands for the parts of the run or job it holds.
std::vector<KeysPart> keys_parts_of(const std::vector<std::string>& arguments) {
  std::vector<KeysPart> all;
  for (const std::string& argument : arguments) {
    if (!std::filesystem::is_directory(argument)) {
      all.push_back({argument});
      continue;
    }
    for (KeysPart& part : keys_parts(argument)) all.push_back(std::move(part));
  }
  return all;
}

void write_sizes(JsonWriter& json, const char* name, const std::vector<Clusters::SizeCount>& sizes) {
  json.key(name).begin_array();
  for (const auto& [size, clusters] : sizes) {
    json.begin_object().field("size", size).field("count", clusters).end_object();
  }
  json.end_array();
}

void print_sizes(const char* name, const std::vector<Clusters::SizeCount>& sizes) {
  print("{} by size:", name);
  for (const auto& [size, clusters] : sizes) print(" {}:{}", size, clusters);
  print("\n");
}

void cluster(const ClusterFlags& flags) {
  Clusters clusters;
  std::vector<std::string> ids;    // with --list
  std::vector<uint64_t> all_keys;  // of all buckets
  for (const KeysPart& from : keys_parts_of(flags.paths)) {
    const PartKeys part(from.path, PartKeys::Check::kChecksum, from.stretch);
    if (part.keys_per_document() < 1 + flags.buckets) {
      throw Error(fmt::format("{} has {} keys per document; {} buckets need {}", from.path, part.keys_per_document(),
                              flags.buckets, 1 + flags.buckets));
    }
    part.for_each([&](uint64_t, std::string_view id, std::span<const uint64_t> row) {
      const std::span<const uint64_t> keys = row.first(1 + flags.buckets);  // the content key and the buckets'
      clusters.add(keys);
      all_keys.insert(all_keys.end(), keys.begin() + 1, keys.end());
      if (flags.list) ids.emplace_back(id);
    });
  }
  for (uint32_t document = 0; document < ids.size(); ++document) {
    print("{}\t{}\n", shown_field(ids[document]), shown_field(ids[clusters.representative(document)]));
  }
  if (flags.list) return;
  const auto cluster_sizes = clusters.sizes();
  const auto buckets = bucket_sizes(std::move(all_keys));
  uint64_t kept = 0;
  for (const auto& [size, count] : cluster_sizes) kept += count;
  if (flags.json) {
    JsonWriter json;
    json.begin_object().field("documents", clusters.documents()).field("clusters", kept);
    write_sizes(json, "cluster_sizes", cluster_sizes);
    write_sizes(json, "bucket_sizes", buckets);
    json.end_object();
    print("{}\n", json.text());
    return;
  }
  print("{} documents, {} clusters\n", clusters.documents(), kept);
  print_sizes("clusters", cluster_sizes);
  print_sizes("buckets", buckets);
}

void add_clusters(CLI::App& dedup) {
  CLI::App* command = dedup.add_subcommand(
      "clusters",
      "Sizes of clusters (documents joined by shared buckets, transitively) and of buckets in finished runs");
  auto flags = std::make_shared<ClusterFlags>();
  command->add_option("PATH", flags->paths, "output folders of `ftok run`, or parts' .keys files, in order")
      ->required();
  command->add_option("--buckets", flags->buckets, "buckets that the run was made with (default 14)")
      ->check(CLI::Range(0, 1000));
  command->add_flag("--list", flags->list, "print each document's id and that of its cluster's first document");
  command->add_flag("--json", flags->json, "print one JSON object");
  command->callback([flags] { cluster(*flags); });
}

}  // namespace

void add_dedup_command(CLI::App& app) {
  CLI::App* dedup = app.add_subcommand("dedup", "Measure near-duplicate detection");
  dedup->require_subcommand(1);
  add_clusters(*dedup);
  CLI::App* command = dedup->add_subcommand(
      "recall", "Share of similar pairs that MinHash finds, by Jaccard similarity, against 1-(1-j^hashes)^buckets");
  auto flags = std::make_shared<RecallFlags>();
  MinHashParameters& parameters = flags->options.parameters;
  command->add_option("PAIRS", flags->pairs, "TSV with a header: two document numbers from 0, a similarity")
      ->required();
  command->add_option("DOCUMENTS", flags->documents, "JSONL (plain, gzip or zstd) with a field \"text\"")->required();
  command->add_option("--seeds", flags->options.seeds, "seeds, 0..N-1, to draw hash functions with (default 200)")
      ->check(CLI::Range(1, 100000));
  command->add_option("--seed", parameters.seed, "the seed shown beside the mean (default 1)");
  command->add_option("--buckets", parameters.buckets, "default 14")->check(CLI::Range(1, 1000));
  command->add_option("--hashes-per-bucket", parameters.hashes_per_bucket, "default 8")->check(CLI::Range(1, 1000));
  command->add_option("--hash", flags->hash, "xxhash (default) or sha1: FineWeb's")
      ->check(CLI::IsMember({"xxhash", "sha1"}));
  command->add_option("--punctuation", flags->punctuation, "delete (default) or space")
      ->check(CLI::IsMember({"delete", "space"}));
  command->add_option("--bin-width", flags->options.bin_width, "of the similarities (default 0.1)")
      ->check(number_between(0.01, 1));
  command->add_flag("--json", flags->json, "print one JSON object");
  command->footer("Example:\n  ftok dedup recall doc_revisions.pairs.tsv doc_revisions.jsonl.zst");
  command->callback([flags] { recall(*flags); });
}

}  // namespace ftok::cli
