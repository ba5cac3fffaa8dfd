// ModelTalk: what the page of a training run asks of its model: the likeliest next tokens, a continuation a few tokens
// at a time, and the answers of a conversation.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tokenizer/encoding.h"
#include "trainer/answer.h"
#include "trainer/model_file.h"
#include "trainer/sample.h"

namespace ftok {

// How the program finds what belongs to a model. Either may be empty, and throw Error.
struct ModelFinders {
  std::function<std::optional<Encoding>(const ModelFile&)> encoding;
  std::function<std::optional<ModelChat>(const std::string& folder)> chat;
};

struct TalkRequest {
  std::string prompt;  // a text; a conversation: [{"role","content"},...]
  bool is_conversation = false;
  std::vector<uint32_t> so_far;  // what the model has said of its answer
  double temperature = 0.8;      // 0: always the likeliest
  uint64_t seed = 1;
};

// Thread-safe; one question at a time.
class ModelTalk {
 public:
  static constexpr size_t kPromptBytesMax = 1 << 16, kSoFarMax = 4096;
  static constexpr int64_t kTokensMax = 32;  // of an answer
  static constexpr size_t kShown = 12;       // likeliest tokens

  ModelTalk(std::string folder, ModelFinders finders);
  ~ModelTalk();
  ModelTalk(const ModelTalk&) = delete;
  ModelTalk& operator=(const ModelTalk&) = delete;

  // api/next: {"tokens":[{"id","text","probability"}]}. Throws ViewRefusal where there is no model (yet), Error as the
  // trainer does.
  std::string next(const TalkRequest& request);

  // api/talk: {"ids":[...],"text":...,"ended"}: up to kTokensMax tokens more; `text` is that of all of the answer.
  std::string talk(const TalkRequest& request);

  // api/model: {"there","chat","vocabulary","parameters"}
  std::string about();

 private:
  struct Loaded;

  Loaded& load();
  std::vector<uint32_t> prompt(const Loaded& loaded, const TalkRequest& request) const;

  const std::string folder_;
  const ModelFinders finders_;
  std::mutex mutex_;
  std::unique_ptr<Loaded> loaded_;
};

}  // namespace ftok
