// Source -> Stage...: where documents come from, what is done with them, and Verdict, what a stage says of a
// document.
//
// To add a stage: derive from Stage, give every rule a stable reason "stage.rule", decide with a Judge, and list it in
// its room (stage_kind.h). docs/extending.md does so step by step.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/reason.h"
#include "core/result.h"
#include "document/document.h"

namespace ftok {

// Keep, or drop with the rule and the value that decided, or skip (the record is not a document: a request, a picture).
struct Verdict {
  enum class Kind : uint8_t { kKeep, kDrop, kSkip };

  Kind kind = Kind::kKeep;
  Reason reason;             // "gopher_quality.too_short"; for kSkip the kind of record: "request", "not_html"
  double value = 0;          // what was measured
  double threshold = 0;      // what it was held against
  std::string detail;        // the word, domain or id that decided, where there is one
  bool of_language = false;  // `detail` is the document's language, "" for none: tallies count those apart

  bool kept() const { return kind == Kind::kKeep; }
  static Verdict keep() { return {}; }
  static Verdict drop(Reason reason, double value = 0, double threshold = 0, std::string detail = {}) {
    return {Kind::kDrop, reason, value, threshold, std::move(detail), false};
  }
  static Verdict skip(Reason kind, std::string detail = {}) {
    return {Kind::kSkip, kind, 0, 0, std::move(detail), false};
  }
};

// One rule's measurement of one document. `relation` says when the rule drops: value `relation` threshold.
struct Measurement {
  Reason rule;                // the reason it would drop under
  const char* relation = "";  // "<", "<=", ">", ">=", or "" where the rule is not a comparison
  double value = 0;
  double threshold = 0;
  bool drops = false;
  std::string detail;
};

// All that the stages measured of a document (`--measure`, `ftok explain`).
struct Report {
  std::vector<Measurement> measurements;
};

// Evaluates a stage's rules in order. Without a report the first rule that drops ends the stage; with one every rule is
// measured and recorded, and the verdict is still the first rule that dropped:
//
//   Judge judge(report);
//   if (judge.below("gopher_quality.too_short", words, options_.words_min)) return judge.verdict();
//   if (judge.above("gopher_quality.too_long", words, options_.words_max)) return judge.verdict();
//   return judge.verdict();
class Judge {
 public:
  explicit Judge(Report* report) : report_(report) {}

  // Each returns true when the stage must return judge.verdict() now.
  bool below(Reason reason, double value, double min) {  // drops when value < min
    return rule(value < min, reason, "<", value, min);
  }
  bool at_most(Reason reason, double value, double limit) {  // drops when value <= limit
    return rule(value <= limit, reason, "<=", value, limit);
  }
  bool above(Reason reason, double value, double max) {  // drops when value > max
    return rule(value > max, reason, ">", value, max);
  }
  bool at_least(Reason reason, double value, double limit) {  // drops when value >= limit
    return rule(value >= limit, reason, ">=", value, limit);
  }
  bool rule(bool drops, Reason reason, const char* relation, double value, double threshold,
            std::string_view detail = {}) {
    if (report_ != nullptr) {
      report_->measurements.push_back({reason, relation, value, threshold, drops, std::string(detail)});
    }
    if (drops && verdict_.kept()) verdict_ = Verdict::drop(reason, value, threshold, std::string(detail));
    return drops && report_ == nullptr;
  }

  Verdict verdict() const { return verdict_; }

 private:
  Report* report_;
  Verdict verdict_;
};

// What the outcome of a run rests on beside its inputs and its recipe: what a stage has read.
struct Provenance {
  std::map<std::string, std::string> digests;  // of what was read, by what it is: "public suffix list" -> "sha1:..."
  std::map<std::string, std::string> files;    // the same, for whoever asks to digest: what it is -> path
  std::vector<std::string> notes;              // what differs from what the recipe names: log and manifest say it
};

// A step of the pipeline: filters and transforms share the type. Stages are built once and shared by all threads.
class Stage {
 public:
  virtual ~Stage() = default;

  // The stage's name in the recipe, which starts every reason it gives: "gopher_quality".
  virtual std::string_view name() const = 0;

  // Judges and may rewrite `document`. Thread-safe. With a `report` (may be null) every rule is evaluated and recorded.
  // A transform rewrites the document also when a rule dropped it, so that later stages can be measured.
  virtual Verdict process(Document& document, Report* report) const = 0;
  Verdict process(Document& document) const { return process(document, nullptr); }

  // Adds what the stage rests on: models, lists, and what stands in for them.
  virtual void describe(Provenance&) const {}

  // What the stage made of a document that it has just processed, in a line for `ftok explain`; "" for nothing to say.
  virtual std::string summary(const Document&) const { return {}; }
};

// A record on its way through the pipeline. The source may already have decided: skip, or drop for damage.
struct Item {
  Document document;
  Verdict verdict;
  Report report;
  uint64_t sequence = 0;  // of the record in its input, from 0
};

// Yields the records of one input in order. Serial: one thread at a time; owns its file or connection.
class Source {
 public:
  virtual ~Source() = default;

  // Fills `item` (given default-constructed) with the next record; false at the end of the input. Throws Error when the
  // input cannot be read on (the file went away, the connection failed for good). Damage is never thrown.
  virtual bool next(Item& item) = 0;

  // Stored bytes (compressed, for .gz) consumed so far.
  virtual uint64_t bytes_read() const = 0;

  // Damage between records since the last call, with offsets in the stored input; a damaged record is an Item instead.
  virtual std::vector<Damage> take_damage() { return {}; }
};

}  // namespace ftok
