// What the pages of `ftok view` ask for, and what they are answered: functions of the request alone, without a network.
// The server (server.h) lets requests through to them; an exported page carries their answers.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/value_histogram.h"
#include "document/stage_kind.h"
#include "tokenizer/encoding.h"
#include "view/model_answers.h"

namespace ftok {

inline constexpr size_t kViewTextBytesMax = size_t{8} << 20;  // of a text to be encoded

struct ViewRequest {
  std::string path;  // "api/encode"; "" is the page
  std::map<std::string, std::string> parameters;
  std::string body;

  std::string parameter(const std::string& name) const {
    const auto at = parameters.find(name);
    return at == parameters.end() ? "" : at->second;
  }
};

struct ViewAnswer {
  int status = 200;
  std::string body;
  const char* type = "application/json";
};

// A vocabulary by the name that pages use, and its file.
struct ViewVocabulary {
  std::string name, path, published;  // published: VocabularyHints::name
};

class RunExplain;
class RunLook;
class WhatIfAnswers;

// A folder to look at: what `ftok train` (log.jsonl) or `ftok run` (manifest.json, parts/) has written; or the file of
// `ftok run --measure`.
struct ViewFolder {
  enum class Kind { kTraining, kRun, kMeasures };
  std::string name, path;
  Kind kind = Kind::kRun;
};

struct ViewContents {
  std::vector<ViewVocabulary> vocabularies;
  std::vector<std::string> shown;  // of them, side by side to begin with
  std::vector<ViewFolder> folders;
  std::string text;                  // to begin with
  std::vector<std::string> inputs;   // of the runs: what records are read from
  std::vector<std::string> changes;  // thresholds to try, to begin with: "c4.sentences_min=4"
  StageContext stages;               // for those that explain a document
  ModelFinders models;               // of training runs
};

// The folder or file of measures at `path`; throws UsageError saying what it lacks.
ViewFolder view_folder(const std::string& path);

// Thread-safe.
class ViewAnswers {
 public:
  explicit ViewAnswers(ViewContents options);
  ~ViewAnswers();
  ViewAnswers(const ViewAnswers&) = delete;
  ViewAnswers& operator=(const ViewAnswers&) = delete;

  // Of every path but "": an answer, with status 400 and {"error"} for what makes no sense, 404 for what there is none
  // of. Reads nothing but the vocabularies and folders of the options.
  ViewAnswer answer(const ViewRequest& request) const;

  // The page with these answers in it, to be sent as a file: of a run also the first documents of each reason, each
  // explained; of measures what the changed thresholds give, and the documents next to each.
  std::string exported() const;

 private:
  std::string overview() const;
  ViewAnswer encode(const ViewRequest& request) const;
  ViewAnswer chat(const ViewRequest& request) const;
  std::shared_ptr<const Encoding> vocabulary(const std::string& name) const;
  ViewAnswer of_run(const ViewRequest& request) const;
  ViewAnswer of_measures(const ViewRequest& request) const;
  ViewAnswer of_training(const ViewRequest& request) const;
  size_t folder(const ViewRequest& request, ViewFolder::Kind kind) const;
  RunLook& look(size_t place) const;
  WhatIfAnswers& measures(size_t place) const;
  // The run whose recipe a file of measures was made with; the number of folders: there is none.
  size_t run_of(size_t measures) const;
  friend class ViewExport;

  ViewContents options_;
  mutable std::mutex looks_mutex_;
  mutable std::map<size_t, std::unique_ptr<RunLook>> looks_;  // by folder, once somebody asked
  mutable std::map<size_t, std::unique_ptr<RunExplain>> explains_;
  mutable std::map<size_t, std::unique_ptr<WhatIfAnswers>> measures_;
  mutable std::map<size_t, std::unique_ptr<ModelTalk>> talks_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<const Encoding>> loaded_;
};

// What a request asks for that makes no sense, or that there is none of.
struct ViewRefusal {
  int status = 400;
  std::string why;
};

// A whole number below 2^53 of a parameter; `otherwise` where there is none. Throws ViewRefusal.
uint64_t view_number(const ViewRequest& request, const std::string& name, uint64_t otherwise);

// What a request asks of a model: its body the prompt; chat=1, so_far=ID,ID,..., temperature, seed. Throws ViewRefusal.
TalkRequest talk_request(const ViewRequest& request);

// [[low, high, count], ...]
void write_bins(JsonWriter& json, const ValueHistogram& histogram);

// A training run: its losses from the line on that `from` counts, and samples. {"lines":[...],"next":N,"samples":[...]}
std::string training_answer(const std::string& folder, uint64_t from);

}  // namespace ftok
