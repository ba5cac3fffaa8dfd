// StageKind: what a room tells recipes about one of its stages: a name, a line of help, the options with their
// defaults, what it needs of a document and what it leaves, and how one is made. Each room has one list of its kinds
// (crawl/crawl_stages.h, extract/extract_stages.h, filters/filter_stages.h, dedup/dedup_stages.h); recipes, help,
// documents and tests read them.
//
//   StageKind c4_kind() { return stage_kind<C4, C4Options>("c4", "drops lines and pages by C4's rules"); }
//
// Of an options type S_Options these members are used where it has them, each with a plain meaning when it has not:
//   void visit(OptionVisitor&)       the keys (required)
//   static S_Options head()          the defaults under RuleSet::kHead (else those of the constructor)
//   static S_Options of(RuleSet)     the same for types that differ from their constructor under both
//   bool idle() const                true: with these options the stage does nothing and is left out
//   unsigned more_needs() const      what it needs beyond StageKind::needs (Content)
//   std::vector<std::string> score_names(const std::string& stage) const
//                                    the scores that a stage of that name gives documents; or, where it gives texts
//                                    too,
//   NamedFields named_fields() const
//   void keep_content()              clears what decides no byte of the output: places of files, amounts of memory
// and of a stage type S, where a constructor from its options is not enough:
//   static std::unique_ptr<const Stage> make(const S_Options&, const StageContext&)
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.h"
#include "document/named_fields.h"
#include "document/stage.h"

namespace ftok {

// What a document holds at some point of a recipe.
enum Content : unsigned {
  kNoContent = 0,
  kPayload = 1,     // Document::payload; most inputs bring it
  kHtml = 2,        // Document::html
  kText = 4,        // Document::text; some inputs bring it
  kLanguage = 8,    // Document::language
  kBucketKeys = 16  // Document::dedup_keys
};

// "bucket keys": the lowest of the bits, in words.
std::string_view content_name(unsigned content);

// The two sets of rules a preset can ask for: FineWeb as it was released, and its pipeline as it stands in datatrove.
enum class RuleSet { kReleased, kHead };

// A file found for a stage, and what to say to the user when it is not the one that the recipe names.
struct FoundFile {
  std::string path;
  std::string note;  // empty: nothing to say
};

// What a stage that is being made gets from the program around it. The functions may be empty.
struct StageContext {
  std::string name;    // the stage's name in the recipe
  NamedFields fields;  // that documents may have when they come to it
  // The language model for what the recipe names ("": whatever the program has). Throws Error when there is none.
  std::function<FoundFile(const std::string& named)> language_model;
  // The path of a model by its path or the name under which it is fetched. Throws Error when there is none.
  std::function<std::string(const std::string& named)> model;
  // The path of a fetched list by its name ("ut1"); "": there is none.
  std::function<std::string(const std::string& name)> fetched_list;
  // Calls `visit` for each row of a file of data (crawl/object_rows.h).
  std::function<void(const std::string& path, const std::vector<std::string>& keys,
                     const std::function<void(std::string_view json, const std::string& place)>& visit)>
      object_rows;

  // The name of the stage's score on documents: "toxicity_score".
  Reason score_name() const;
  // The same of the language stage: "language_share".
  Reason share_name() const;
};

// An option that a rule's value is compared with and that decides nothing else, so that `ftok whatif` can replay it.
struct ThresholdKey {
  std::string_view key;                                   // "words_min"
  std::string_view rule;                                  // the part of its reason behind the stage: "too_short"
  double off = std::numeric_limits<double>::quiet_NaN();  // the value at which the rule is not measured
};

// The options of a stage whose type only its room knows.
class StageOptions {
 public:
  virtual ~StageOptions() = default;
  virtual void visit(OptionVisitor& visitor) = 0;
  virtual std::unique_ptr<StageOptions> clone() const = 0;
  virtual bool idle() const = 0;
  virtual unsigned more_needs() const = 0;
  // The fields that a stage of that name gives documents.
  virtual NamedFields named_fields(const std::string& stage) const = 0;
  virtual void keep_content() = 0;
};

template <typename Options>
class StageOptionsOf final : public StageOptions {
 public:
  explicit StageOptionsOf(Options options) : value(std::move(options)) {}

  void visit(OptionVisitor& visitor) override { value.visit(visitor); }
  std::unique_ptr<StageOptions> clone() const override { return std::make_unique<StageOptionsOf>(value); }
  bool idle() const override {
    if constexpr (requires { value.idle(); }) return value.idle();
    return false;
  }
  unsigned more_needs() const override {
    if constexpr (requires { value.more_needs(); }) return value.more_needs();
    return kNoContent;
  }
  NamedFields named_fields(const std::string& stage) const override {
    NamedFields named;
    if constexpr (requires { value.named_fields(); }) named = value.named_fields();
    if constexpr (requires { value.score_names(stage); }) named.numbers = value.score_names(stage);
    return named;
  }
  void keep_content() override {
    if constexpr (requires { value.keep_content(); }) value.keep_content();
  }

  Options value;
};

struct StageKind {
  std::string_view name;  // "gopher_quality": also the start of its reasons
  std::string_view help;  // one line
  unsigned needs = kText;
  unsigned gives = kNoContent;
  unsigned uses_up = kNoContent;             // what no later stage finds
  std::span<const ThresholdKey> thresholds;  // static
  bool after_dedup = false;                  // runs after deduplication where a recipe does not place that itself
  std::unique_ptr<StageOptions> (*options)(RuleSet rules) = nullptr;
  // Null: not a stage but deduplication, the serial step in which the two halves of a run meet.
  std::unique_ptr<const Stage> (*make)(const StageOptions& options, const StageContext& context) = nullptr;

  bool is_dedup() const { return make == nullptr; }
  // Whether it may look at some documents only (`only` in its section).
  bool may_choose() const { return gives == kNoContent && !is_dedup(); }
  // Whether it judges or rewrites a text and needs nothing else: what `ftok filter` runs.
  bool is_text_filter() const { return needs == kText && gives == kNoContent && !is_dedup() && !after_dedup; }
};

template <typename Options>
std::unique_ptr<StageOptions> default_options(RuleSet rules) {
  if constexpr (requires { Options::of(rules); }) {
    return std::make_unique<StageOptionsOf<Options>>(Options::of(rules));
  } else if constexpr (requires { Options::head(); }) {
    return std::make_unique<StageOptionsOf<Options>>(rules == RuleSet::kHead ? Options::head() : Options());
  } else {
    return std::make_unique<StageOptionsOf<Options>>(Options());
  }
}

template <typename S, typename Options>
std::unique_ptr<const Stage> make_stage_of(const StageOptions& options, const StageContext& context) {
  const Options& value = static_cast<const StageOptionsOf<Options>&>(options).value;
  if constexpr (requires { S::make(value, context); }) {
    return S::make(value, context);
  } else {
    return std::make_unique<S>(value);
  }
}

// A kind that needs a text and leaves one; change `needs`, `gives` and `uses_up` of the result for another.
template <typename S, typename Options>
StageKind stage_kind(std::string_view name, std::string_view help) {
  StageKind kind;
  kind.name = name;
  kind.help = help;
  kind.options = default_options<Options>;
  kind.make = make_stage_of<S, Options>;
  return kind;
}

// A stage of `kind` under the name `context.name`: where that is not the kind's, the stage's reasons, and what the
// errors of its options say, begin with it instead. Throws what the stage's constructor throws.
std::unique_ptr<const Stage> make_stage(const StageKind& kind, const StageOptions& options,
                                        const StageContext& context);

}  // namespace ftok
