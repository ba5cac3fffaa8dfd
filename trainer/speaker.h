// Questions to a chat model one by one, as many at once ask them (trainer/batch_sample.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tokenizer/encoding.h"
#include "trainer/answer.h"
#include "trainer/batch_sample.h"
#include "trainer/model_file.h"

namespace ftok {

// Turns questions into prompts and tokens into answers. What it refers to must outlive it.
class Speaker {
 public:
  // `system` stands before each question; "": nothing does. Throws as encode_chat_prompt does.
  Speaker(const Encoding& encoding, const ModelChat& chat, const ModelFile& model, std::string system);

  // The tokens up to where the answer begins. Throws UsageError for an id that the model does not have.
  std::vector<uint32_t> prompt(const std::string& question) const;
  std::vector<uint32_t> prompt(std::vector<ChatMessage> messages) const;
  // The same with an answer behind it, and the token that ends that.
  std::vector<uint32_t> answered(std::vector<ChatMessage> messages, const std::string& answer) const;
  // Whether the model can answer it: there is room for one token behind it.
  bool fits(std::span<const uint32_t> prompt) const {
    return static_cast<int64_t>(prompt.size()) < model_.config.length;
  }
  // An answer to each request, in their order, of at most `tokens_max` tokens of the model's own. What it asks the
  // calculator is computed and read in, as trainer/answer.h has it. Throws as BatchSampler does.
  std::vector<ChatAnswer> ask(BatchSampler& sampler, std::span<const SampleRequest> requests, double temperature,
                              int64_t tokens_max) const;
  std::string text_of(std::span<const uint32_t> ids) const;
  uint32_t end_of_answer() const { return end_; }                       // as the template has it
  const std::vector<uint32_t>& ends() const { return options_.stops; }  // tokens that end an answer

 private:
  void check(std::span<const uint32_t> ids) const;

  const Encoding& encoding_;
  const ModelChat& chat_;
  const ModelFile& model_;
  std::string system_;
  AnswerOptions options_;
  uint32_t end_ = 0;
};

}  // namespace ftok
