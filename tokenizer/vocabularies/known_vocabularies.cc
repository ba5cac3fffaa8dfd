// The published vocabularies, by the SHA-256 of their rank files. The digests of the first four are those tiktoken
// checks.
#include "tokenizer/vocabulary.h"

#include <algorithm>

namespace ftok {
namespace {

// The named ones, and <|reserved_N|> for every other id up to 201087. (The published list has both <|endofprompt|> and
// <|reserved_200018|> for 200018; here it has one text.)
std::vector<SpecialToken> harmony_specials() {
  std::vector<SpecialToken> specials = {{"<|startoftext|>", 199998}, {"<|endoftext|>", 199999}, {"<|return|>", 200002},
                                        {"<|constrain|>", 200003},   {"<|channel|>", 200005},   {"<|start|>", 200006},
                                        {"<|end|>", 200007},         {"<|message|>", 200008},   {"<|call|>", 200012},
                                        {"<|endofprompt|>", 200018}};
  const size_t named = specials.size();
  for (uint32_t id = 199998; id <= 201087; ++id) {
    const auto is_it = [&](const SpecialToken& special) { return special.id == id; };
    if (std::none_of(specials.begin(), specials.begin() + static_cast<ptrdiff_t>(named), is_it)) {
      specials.push_back({"<|reserved_" + std::to_string(id) + "|>", id});
    }
  }
  return specials;
}

// Llama 3's 256 ids from 128000 on. What has no name yet is <|reserved_special_token_N|>, numbered in order of id;
// Llama 3.1 gave names to some of those (here as its tokenizer.json has them), so the same id has another number there.
std::vector<SpecialToken> llama3_specials(const std::vector<SpecialToken>& named) {
  std::vector<SpecialToken> specials;
  uint32_t reserved = 0;
  for (uint32_t id = 128000; id < 128256; ++id) {
    const auto found =
        std::find_if(named.begin(), named.end(), [&](const SpecialToken& special) { return special.id == id; });
    specials.push_back(found != named.end()
                           ? *found
                           : SpecialToken{"<|reserved_special_token_" + std::to_string(reserved++) + "|>", id});
  }
  return specials;
}

}  // namespace

const std::vector<KnownVocabulary>& known_vocabularies() {
  static const std::vector<KnownVocabulary> known = {
      {"306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
       "r50k_base",
       Pattern::kGpt2,
       {{"<|endoftext|>", 50256}}},
      {"94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069",
       "p50k_base",
       Pattern::kGpt2,
       {{"<|endoftext|>", 50256}}},
      {"94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069",
       "p50k_edit",
       Pattern::kGpt2,
       {{"<|endoftext|>", 50256}, {"<|fim_prefix|>", 50281}, {"<|fim_middle|>", 50282}, {"<|fim_suffix|>", 50283}}},
      {"223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
       "cl100k_base",
       Pattern::kCl100k,
       {{"<|endoftext|>", 100257},
        {"<|fim_prefix|>", 100258},
        {"<|fim_middle|>", 100259},
        {"<|fim_suffix|>", 100260},
        {"<|endofprompt|>", 100276}}},
      {"446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
       "o200k_base",
       Pattern::kO200k,
       {{"<|endoftext|>", 199999}, {"<|endofprompt|>", 200018}}},
      {"446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d", "o200k_harmony", Pattern::kO200k,
       harmony_specials()},
      {"b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186",
       "qwen2",
       Pattern::kQwen2,
       {{"<|endoftext|>", 151643}, {"<|im_start|>", 151644}, {"<|im_end|>", 151645}}},
      {"b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186",
       "qwen3",
       Pattern::kQwen2,
       {{"<|endoftext|>", 151643},         {"<|im_start|>", 151644},           {"<|im_end|>", 151645},
        {"<|object_ref_start|>", 151646},  {"<|object_ref_end|>", 151647},     {"<|box_start|>", 151648},
        {"<|box_end|>", 151649},           {"<|quad_start|>", 151650},         {"<|quad_end|>", 151651},
        {"<|vision_start|>", 151652},      {"<|vision_end|>", 151653},         {"<|vision_pad|>", 151654},
        {"<|image_pad|>", 151655},         {"<|video_pad|>", 151656},          {"<tool_call>", 151657, false},
        {"</tool_call>", 151658, false},   {"<|fim_prefix|>", 151659, false},  {"<|fim_middle|>", 151660, false},
        {"<|fim_suffix|>", 151661, false}, {"<|fim_pad|>", 151662, false},     {"<|repo_name|>", 151663, false},
        {"<|file_sep|>", 151664, false},   {"<tool_response>", 151665, false}, {"</tool_response>", 151666, false},
        {"<think>", 151667, false},        {"</think>", 151668, false}}},
      {"82e9d31979e92ab929cd544440f129d9ecd797b69e327f80f17e1c50d5551b55", "llama3", Pattern::kLlama3,
       llama3_specials({{"<|begin_of_text|>", 128000},
                        {"<|end_of_text|>", 128001},
                        {"<|start_header_id|>", 128006},
                        {"<|end_header_id|>", 128007},
                        {"<|eot_id|>", 128009}})},
      {"82e9d31979e92ab929cd544440f129d9ecd797b69e327f80f17e1c50d5551b55", "llama3.1", Pattern::kLlama3,
       llama3_specials({{"<|begin_of_text|>", 128000},
                        {"<|end_of_text|>", 128001},
                        {"<|finetune_right_pad_id|>", 128004},
                        {"<|start_header_id|>", 128006},
                        {"<|end_header_id|>", 128007},
                        {"<|eom_id|>", 128008},
                        {"<|eot_id|>", 128009},
                        {"<|python_tag|>", 128010}})},
  };
  return known;
}

std::vector<std::string_view> names_of_same_ranks(std::string_view name) {
  const auto& known = known_vocabularies();
  const auto named =
      std::find_if(known.begin(), known.end(), [&](const KnownVocabulary& one) { return one.name == name; });
  std::vector<std::string_view> names;
  for (const KnownVocabulary& one : known) {
    if (named != known.end() && one.digest == named->digest) names.push_back(one.name);
  }
  return names;
}

}  // namespace ftok
