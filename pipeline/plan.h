// Plan: what a recipe comes to, ready to run: stages in order, the deduplicator's options, the vocabulary, the shards.
// Built once by make_plan.h, shared const by all threads.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/memory_budget.h"
#include "crawl/source.h"
#include "dedup/deduplicator.h"
#include "document/stage.h"
#include "pipeline/earlier_documents.h"
#include "pipeline/routing.h"
#include "shards/part.h"
#include "shards/writer.h"
#include "tokenizer/encoding.h"

namespace ftok {

struct DocumentCluster;

enum class Rejects { kNone, kIds, kText };

// One of several that documents are routed to.
struct RoutedCorpus {
  std::string name;
  std::string binding;            // Plan::binding of its folder
  EarlierDocuments earlier = {};  // as in Plan
};

// How much of a plan there is. A task of a job loads what its pass needs, and no model or vocabulary beside that.
enum class PlanPart {
  kAll,
  kExtraction,  // stages before deduplication, no vocabulary
  kKeys,        // what deduplication goes by
  kCommit       // stages after it, the vocabulary, the shards
};

struct Plan {
  PlanPart part = PlanPart::kAll;
  SourceOptions source;                                   // file_path and dump are set for each input
  std::vector<std::unique_ptr<const Stage>> stages;       // before deduplication, in order
  std::vector<std::unique_ptr<const Stage>> late_stages;  // after it
  DeduplicatorOptions dedup;
  KeyLayout key_layout;      // of Document::dedup_keys
  EarlierDocuments earlier;  // that deduplication compares with too, where there is one corpus
  Routing routing;
  std::vector<RoutedCorpus> corpora;  // by number in `routing`; empty: there is one
  std::string stop_after;             // the stage after which the run ends, without shards; empty: it goes through
  ShardWriterOptions shards;          // all but the folder
  TextOptions texts;                  // how kept texts and rejects are written
  int64_t validation_per_mille = 5;
  std::optional<uint64_t> shuffle;  // the seed
  std::shared_ptr<const Encoding> encoding;
  std::string vocabulary_name, vocabulary_digest;
  std::string recipe;                          // canonical text of the recipe
  std::string binding;                         // the recipe, what is written and all digests: what a folder is bound to
  std::vector<std::string> notes;              // what differs from what the recipe names: log and manifest say it
  std::map<std::string, std::string> digests;  // of models and lists, name -> hex

  // What was loaded, as `binding` has it: a line for the vocabulary and each model and list.
  std::vector<std::string> digest_lines() const;

  // Those of a corpus; "" is what belongs to none.
  const EarlierDocuments& earlier_of(const std::string& corpus) const;

  bool stops() const { return !stop_after.empty(); }
  // Whether what becomes of an input depends on those after it.
  bool waits_for_all() const { return dedup.waits() || shuffle.has_value(); }
};

// Runs the stages in order on an item that the source did not decide; stops at the first that does not keep. With
// `measure` every stage runs as long as there is something to judge, item.report holds all measurements, and the
// verdict is the first one that did not keep. Adds each stage's CPU nanoseconds to `stage_ns`, one per stage, when it
// is not null. Of `budget`, where there is one, it holds what working on the document takes (working_bytes).
void run_stages(const std::vector<std::unique_ptr<const Stage>>& stages, Item& item, bool measure,
                std::atomic<uint64_t>* stage_ns, MemoryBudget* budget = nullptr);

// The most memory that the stages, and encoding, take for a document as it is now, measured at the worst inputs known
// (tests/pipeline/memory_checks.py): the response, the page and the text each with what is made of it. 0 for the small
// ones that nearly all are.
uint64_t working_bytes(const Document& document);

// The same for the document in `stage`: how much a coded body decodes to, its size does not say, and the stage does.
uint64_t working_bytes(const Document& document, const Stage& stage);

// Drops a kept document that belongs to no corpus, where there are several (output.no_corpus).
void drop_if_homeless(const Routing& routing, Item& item);

// Drops a kept document that holds nothing, neither text nor what text could be made of (text.empty).
void drop_if_empty(Item& item);

// The reject record of a dropped document as one JSON line:
// {"id","url","file_path","offset","reason","value","threshold", "detail","duplicate_of","cluster_id","cluster_size",
// "text"}, the last five only where there are any.
std::string reject_line(const Document& document, const Verdict& verdict, Rejects rejects,
                        const std::string& duplicate_of = {}, const DocumentCluster* cluster = nullptr);

// The measurements of one document as one JSON line: {"id","url","outcome","measures":[{"rule","value","relation",
// "threshold","drops"}]}. With keys (Deduplicator::keys) also "input", the number of its input, and "dedup_keys", 16
// hexadecimal digits each.
std::string measure_line(const Item& item, uint64_t input = 0, std::span<const uint64_t> dedup_keys = {});

// Adds a drop that no rule measured to the report, so that it shows where in the order it came.
void note_unmeasured(Report& report, const Verdict& verdict);

}  // namespace ftok
