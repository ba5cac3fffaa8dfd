// How fast deduplication in sorted passes is (dedup/passes.h), one thread: tools/bench/dedup_passes builds and runs it.
//   ftok_dedup_passes_bench DOCUMENTS RUNS KEY_RANGES [FOLDER] [--check]
// Documents of 15 keys, of which three in ten repeat an earlier one in some buckets. The runs lie in memory, or, with
// FOLDER, in sliced files there, which are written, read back and removed. Each line: a pass, CPU seconds, million
// records a second. Then the peak of resident memory, and the verdicts' digest, which depends on DOCUMENTS alone. With
// --check one index in memory then judges the same documents, and the program fails unless its verdicts are the same.
#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <vector>

#include "core/error.h"
#include "dedup/passes.h"
#include "shards/sliced_file.h"
#include "tools/bench/cpu_time.h"

namespace {

using namespace ftok;

constexpr size_t kBuckets = 14;
constexpr KeyLayout kLayout{kBuckets, 0};
constexpr char kAbout[] = "00000000000000000000000000000000";

uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

void keys_of(uint64_t document, std::vector<uint64_t>& keys) {
  const uint64_t luck = mix(document + 1);
  const uint64_t earlier = document > 0 && luck % 10 < 3 ? mix(luck) % document : document;
  keys.resize(kLayout.keys());
  for (size_t slot = 0; slot < kLayout.compared_keys(); ++slot) {
    const bool shared = earlier != document && (luck >> (8 + slot) & 1) != 0;
    keys[slot] = mix((shared ? earlier : document) * 1024 + slot + 1) | 1;
  }
  keys.back() = keys.front();  // the content check: the same where the content is
}

struct Line {
  const char* name;
  uint64_t records;
  double begin = process_cpu_seconds();
  ~Line() {
    const double seconds = process_cpu_seconds() - begin;
    fmt::print("{:<8} {:>8.2f} s {:>8.2f} M records/s\n", name, seconds, static_cast<double>(records) / seconds / 1e6);
  }
};

std::string_view bytes_of(std::span<const KeyRecord> records) {
  return {reinterpret_cast<const char*>(records.data()), records.size_bytes()};
}

struct Bench {
  uint64_t documents, runs;
  size_t ranges;
  std::string folder;
  std::vector<uint64_t> ends = {};                     // of the documents of each run
  std::vector<std::vector<KeyRecord>> in_memory = {};  // by run
  std::vector<SlicedFileEntry> files = {};             // the same
  uint64_t records = 0;
  double sort_seconds = 0;

  std::string path(uint64_t run) const { return fmt::format("{}/{:06}.run", folder, run); }

  void make_runs() {
    std::vector<uint64_t> keys;
    for (uint64_t run = 0; run < runs; ++run) {
      const uint64_t begin = documents * run / runs, end = documents * (run + 1) / runs;
      std::vector<KeyRecord> sorted;
      for (uint64_t document = begin; document < end; ++document) {
        keys_of(document, keys);
        append_records({}, kLayout, keys, document - begin, sorted);
      }
      const double before = process_cpu_seconds();
      sort_records(sorted);
      sort_seconds += process_cpu_seconds() - before;
      records += sorted.size();
      ends.push_back(end);
      if (folder.empty()) {
        in_memory.push_back(std::move(sorted));
        continue;
      }
      SlicedFileWriter file(path(run), kKeyRunMagic, ranges, kAbout);
      uint64_t at = 0;
      for (const uint64_t slice_end : key_range_ends(sorted, ranges)) {
        file.write(bytes_of(std::span(sorted).subspan(at, slice_end - at)));
        file.end_slice();
        at = slice_end;
      }
      files.push_back(file.commit("", sorted.size()));
    }
  }

  // Every range's edges, in memory; from disk each range is read by itself, as its task would.
  std::vector<std::unique_ptr<EdgeTable>> group() const {
    std::vector<std::unique_ptr<EdgeTable>> tables;
    for (size_t range = 0; range < ranges; ++range) {
      std::vector<std::unique_ptr<SlicedFile>> open;
      std::vector<KeyRun> slices;
      for (uint64_t run = 0; run < runs; ++run) {
        std::span<const KeyRecord> slice;
        if (folder.empty()) {
          const std::vector<uint64_t> slice_ends = key_range_ends(in_memory[run], ranges);
          const uint64_t begin = range == 0 ? 0 : slice_ends[range - 1];
          slice = std::span(in_memory[run]).subspan(begin, slice_ends[range] - begin);
        } else {
          open.push_back(std::make_unique<SlicedFile>(path(run), kKeyRunMagic, ranges, files[run]));
          const std::string_view bytes = open.back()->slice(range);
          slice = {reinterpret_cast<const KeyRecord*>(bytes.data()), bytes.size() / sizeof(KeyRecord)};
        }
        slices.push_back({slice, run == 0 ? 0 : ends[run - 1]});
      }
      tables.push_back(std::make_unique<EdgeTable>(ends));
      const uint64_t last = range + 1 == ranges ? UINT64_MAX : key_range_begin(range + 1, ranges) - 1;
      group_keys(slices, key_range_begin(range, ranges), last, {}, *tables.back());
    }
    return tables;
  }

  uint64_t decide(const std::vector<std::unique_ptr<EdgeTable>>& tables) const {
    uint64_t digest = 0;
    for (uint64_t run = 0; run < runs; ++run) {
      RangeDecider decider({}, kLayout, run == 0 ? 0 : ends[run - 1], ends[run]);
      for (const auto& table : tables) {
        table->for_each(run, [&](std::span<const KeyEdge> edges) { decider.add(edges); });
      }
      DeduplicatorStatistics statistics;
      std::vector<Repeat> repeats;  // of one document
      const auto judge = [&] {
        if (!repeats.empty()) {
          digest += digest_of(repeats.front().document, verdict_of(repeats, {}, kLayout, statistics));
        }
        repeats.clear();
      };
      decider.for_each([&](const Repeat& repeat) {
        if (!repeats.empty() && repeats.front().document != repeat.document) judge();
        repeats.push_back(repeat);
      });
      judge();
    }
    return digest;
  }

  // What the index says.
  uint64_t judge_in_memory() const {
    DeduplicatorOptions options;
    options.memory = int64_t{1} << 40;
    Deduplicator index(options, kLayout);
    uint64_t digest = 0;
    std::vector<uint64_t> keys;
    for (uint64_t document = 0; document < documents; ++document) {
      keys_of(document, keys);
      const Verdict verdict = index.judge(keys, document);
      if (!verdict.kept()) digest += digest_of(document, verdict);
    }
    return digest;
  }

  // Of a document that is dropped: which it is, why, and which earlier one it repeats.
  static uint64_t digest_of(uint64_t document, const Verdict& verdict) {
    return mix(mix(document) + static_cast<uint64_t>(verdict.value) * 2 + (verdict.reason == "dedup.exact" ? 1 : 0));
  }
};

}  // namespace

int main(int argc, char** argv) {
  const bool check = argc > 4 && std::string_view(argv[argc - 1]) == "--check";
  argc -= check ? 1 : 0;
  if (argc < 4) {
    fmt::print(stderr, "usage: ftok_dedup_passes_bench DOCUMENTS RUNS KEY_RANGES [FOLDER] [--check]\n");
    return 2;
  }
  try {
    Bench bench{std::strtoull(argv[1], nullptr, 10), std::strtoull(argv[2], nullptr, 10),
                std::strtoull(argv[3], nullptr, 10), argc > 4 ? argv[4] : ""};
    bench.make_runs();
    fmt::print("{} documents, {} records, {} runs, {} ranges of keys, {}\n", bench.documents, bench.records, bench.runs,
               bench.ranges, bench.folder.empty() ? "in memory" : "from disk");
    fmt::print("{:<8} {:>8.2f} s {:>8.2f} M records/s\n", "sort", bench.sort_seconds,
               static_cast<double>(bench.records) / bench.sort_seconds / 1e6);
    uint64_t digest = 0;
    {
      const Line both{"both", bench.records};
      std::vector<std::unique_ptr<EdgeTable>> tables;
      {
        const Line line{"group", bench.records};
        tables = bench.group();
      }
      const Line line{"decide", bench.records};
      digest = bench.decide(tables);
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    fmt::print("peak memory {:.2f} GB, verdicts {:016x}\n", static_cast<double>(usage.ru_maxrss) * 1024e-9, digest);
    for (uint64_t run = 0; run < bench.files.size(); ++run) std::filesystem::remove(bench.path(run));
    if (check) {
      const Line line{"index", bench.records};
      const uint64_t expected = bench.judge_in_memory();
      if (expected != digest) throw Error(fmt::format("the index's verdicts have the digest {:016x}", expected));
      fmt::print("the verdicts are those of one index in memory\n");
    }
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
