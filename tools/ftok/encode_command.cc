// `ftok encode` and `ftok decode`.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/live_area.h"
#include "core/refuse_to_overwrite.h"
#include "core/text_file.h"
#include "pipeline/inputs.h"
#include "text/unicode.h"
#include "tokenizer/chat.h"
#include "tokenizer/inspect.h"
#include "tokenizer/token_page.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/text_input.h"
#include "tools/ftok/vocabulary_source.h"

namespace ftok::cli {
namespace {

enum class Form { kView, kIds, kJson, kCount, kOffsets, kMerges, kCompare, kPage };

struct EncodeFlags {
  VocabularyFlags vocabulary;
  bool ids = false, json = false, count = false, offsets = false, merges = false, view = false;
  bool add_special_tokens = true;
  std::string specials = "plain", jsonl, text_key = "text", page, chat, chat_template = "chatml", colour = "auto";
  std::vector<std::string> words, compare;
  std::optional<uint64_t> budget;
};

Specials specials_of(const std::string& name) {
  if (name == "allow") return Specials::kAllow;
  return name == "refuse" ? Specials::kRefuse : Specials::kPlain;
}

ViewOptions view_options(const EncodeFlags& flags) {
  ViewOptions options;
  options.colours = flags.colour == "always" || (flags.colour == "auto" && wants_colour(stdout));
  options.columns = static_cast<size_t>(terminal_size(stdout).columns);
  return options;
}

Form form_of(const EncodeFlags& flags) {
  if (flags.ids + flags.json + flags.count + flags.view + flags.merges + !flags.compare.empty() + !flags.page.empty() >
          1 &&
      !(!flags.page.empty() && !flags.compare.empty())) {
    throw UsageError(
        "give one of --ids, --json, --count, --view, --merges, --compare, --page (--page and --compare go together)");
  }
  if (!flags.page.empty()) return Form::kPage;
  if (!flags.compare.empty()) return Form::kCompare;
  if (flags.merges) return Form::kMerges;
  if (flags.json) return Form::kJson;
  if (flags.offsets) return Form::kOffsets;
  if (flags.count) return Form::kCount;
  if (flags.view) return Form::kView;
  return flags.ids || ::isatty(STDOUT_FILENO) == 0 || !flags.jsonl.empty() ? Form::kIds : Form::kView;
}

template <typename Numbers>
std::string joined(const Numbers& numbers) {
  return fmt::format("{}", fmt::join(numbers, " "));
}

// The tokens of a text, no more than --budget of them: its own, and those that the vocabulary's file puts around it.
struct TextTokens {
  std::vector<uint32_t> before;
  EncodedPrefix own;
  std::vector<uint32_t> after;

  size_t size() const { return before.size() + own.ids.size() + after.size(); }
  std::vector<uint32_t> ids() const {
    std::vector<uint32_t> all = before;
    all.insert(all.end(), own.ids.begin(), own.ids.end());
    all.insert(all.end(), after.begin(), after.end());
    return all;
  }
  // The added ones have no place in the text: 0 to 0, as in Hugging Face tokenizers.
  std::vector<TokenSpan> spans(const Encoding& encoding) const {
    std::vector<TokenSpan> all;
    for (const uint32_t id : before) all.push_back({id, 0, 0});
    for (const TokenSpan& span : encoding.spans_of(own.ids)) all.push_back(span);
    for (const uint32_t id : after) all.push_back({id, 0, 0});
    return all;
  }
};

TextTokens tokens_of(const Encoding& encoding, const EncodeFlags& flags, std::string_view text) {
  TextTokens tokens;
  size_t left = flags.budget.value_or(SIZE_MAX);
  const auto take = [&](const std::vector<uint32_t>& ids) {
    const size_t count = flags.add_special_tokens ? std::min(ids.size(), left) : 0;
    left -= count;
    return std::vector<uint32_t>(ids.begin(), ids.begin() + static_cast<ptrdiff_t>(count));
  };
  tokens.before = take(encoding.vocabulary().before_text);
  if (flags.budget) {
    tokens.own = encoding.encode_prefix(text, left, specials_of(flags.specials));
  } else {
    tokens.own = {encoding.encode(text, specials_of(flags.specials)), text.size(), true};
  }
  left -= tokens.own.ids.size();
  if (tokens.own.whole) tokens.after = take(encoding.vocabulary().after_text);
  return tokens;
}

std::vector<uint32_t> ids_of(const Encoding& encoding, const EncodeFlags& flags, std::string_view text) {
  return tokens_of(encoding, flags, text).ids();
}

size_t count_of(const Encoding& encoding, const EncodeFlags& flags, std::string_view text) {
  if (flags.budget) return tokens_of(encoding, flags, text).size();
  const Vocabulary& vocabulary = encoding.vocabulary();
  const size_t added = flags.add_special_tokens ? vocabulary.before_text.size() + vocabulary.after_text.size() : 0;
  return encoding.count(text, specials_of(flags.specials)) + added;
}

std::string json_line(const Encoding& encoding, const EncodeFlags& flags, std::string_view text) {
  const TextTokens tokens = tokens_of(encoding, flags, text);
  const std::vector<TokenSpan> spans = tokens.spans(encoding);
  JsonWriter json;
  json.begin_object().key("ids").begin_array();
  for (const TokenSpan& span : spans) json.value(span.id);
  json.end_array();
  if (flags.offsets) {
    json.key("offsets").begin_array();
    for (const TokenSpan& span : spans)
      json.begin_array().value(uint64_t{span.begin}).value(uint64_t{span.end}).end_array();
    json.end_array().key("character_offsets").begin_array();
    for (const TokenSpan& span : spans)
      json.begin_array().value(uint64_t{span.character_begin}).value(uint64_t{span.character_end}).end_array();
    json.end_array();
  }
  json.field("tokens", uint64_t{spans.size()})
      .field("bytes", uint64_t{text.size()})
      .field("characters", uint64_t{utf8_length(text)});
  if (flags.budget) {
    json.field("within_budget_bytes", uint64_t{tokens.own.bytes}).field("cut", !tokens.own.whole);
  }
  return json.end_object().take() + "\n";
}

// One line per token: begin and end in bytes and in characters, id, the token.
std::string offset_lines(const Encoding& encoding, const EncodeFlags& flags, std::string_view text) {
  std::string out;
  for (const TokenSpan& span : tokens_of(encoding, flags, text).spans(encoding)) {
    out += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", span.begin, span.end, span.character_begin, span.character_end,
                       span.id, visible_token(encoding.token_bytes(span.id)));
  }
  return out;
}

std::string merge_trees(const Encoding& encoding, const EncodeFlags& flags, std::string_view text) {
  std::string out;
  const std::string shown = encoding.normalized(text);
  for (size_t begin = 0; begin < shown.size();) {
    const size_t end = encoding.pretoken_end(shown, begin);
    out += render_merges(encoding, std::string_view(shown).substr(begin, end - begin), view_options(flags));
    begin = end;
  }
  return out;
}

std::vector<Encoding> compared_encodings(const EncodeFlags& flags) {
  std::vector<Encoding> encodings;
  for (const std::string& name : flags.compare) encodings.emplace_back(load_named_vocabulary(name, flags.vocabulary));
  if (encodings.empty()) encodings.push_back(load_encoding(flags.vocabulary));
  return encodings;
}

std::string comparison(const EncodeFlags& flags, std::string_view text) {
  const std::vector<Encoding> encodings = compared_encodings(flags);
  std::vector<ComparedTokens> compared;
  for (const Encoding& encoding : encodings) compared.push_back({&encoding, ids_of(encoding, flags, text)});
  return render_comparison(compared, view_options(flags));
}

std::vector<ViewToken> view_tokens(const std::vector<uint32_t>& ids) {
  std::vector<ViewToken> tokens;
  for (const uint32_t id : ids) tokens.push_back({id, 0, true});
  return tokens;
}

void write_page(const EncodeFlags& flags, std::string_view text) {
  const std::vector<Encoding> encodings = compared_encodings(flags);
  std::vector<TokenPanel> panels;
  for (const Encoding& encoding : encodings)
    panels.push_back({&encoding, view_tokens(ids_of(encoding, flags, text)), {}});
  write_output(flags.page, format_token_page("Tokens", panels));
}

std::string rendered(const Encoding& encoding, const EncodeFlags& flags, Form form, std::string_view text) {
  switch (form) {
    case Form::kIds: return joined(ids_of(encoding, flags, text)) + "\n";
    case Form::kJson: return json_line(encoding, flags, text);
    case Form::kCount: return std::to_string(count_of(encoding, flags, text)) + "\n";
    case Form::kOffsets: return offset_lines(encoding, flags, text);
    case Form::kMerges: return merge_trees(encoding, flags, text);
    default: return render_tokens(encoding, ids_of(encoding, flags, text), view_options(flags));
  }
}

std::string chat_json(const EncodedChat& chat) {
  JsonWriter json;
  json.begin_object().key("ids").begin_array();
  for (const ViewToken& token : chat.tokens) json.value(token.id);
  json.end_array().key("loss_mask").begin_array();
  for (const ViewToken& token : chat.tokens) json.value(token.in_loss ? 1 : 0);
  json.end_array().key("roles").begin_array();
  for (const ViewToken& token : chat.tokens) json.value(token.role == 0 ? std::string() : chat.roles[token.role - 1u]);
  json.end_array().field("tokens", uint64_t{chat.tokens.size()}).end_object();
  return json.take() + "\n";
}

void run_chat(const EncodeFlags& flags, Form form) {
  if (!flags.words.empty() || !flags.jsonl.empty()) throw UsageError("--chat excludes TEXT and --jsonl");
  const Encoding encoding = load_encoding(flags.vocabulary);
  const std::string text =
      flags.chat == "-" ? read_all(*open_file_source("-")) : read_text_file(flags.chat, uint64_t{1} << 30);
  EncodedChat chat = encode_chat(encoding, find_chat_template(flags.chat_template, "--template"),
                                 parse_chat(text, flags.chat), specials_of(flags.specials));
  std::vector<uint32_t> ids;
  for (const ViewToken& token : chat.tokens) ids.push_back(token.id);
  if (form == Form::kJson) return put_out(chat_json(chat));
  if (form == Form::kCount) return put_out(std::to_string(ids.size()) + "\n");
  if (form == Form::kIds) return put_out(joined(ids) + "\n");
  if (form == Form::kPage)
    return write_output(flags.page, format_token_page("A conversation", {{&encoding, chat.tokens, chat.roles}}));
  if (form != Form::kView) throw UsageError("--chat goes with --ids, --json, --count, --view or --page");
  ViewOptions options = view_options(flags);
  options.roles = chat.roles;
  put_out(render_tokens(encoding, chat.tokens, options));
}

void run_encode(const EncodeFlags& flags) {
  const Form form = form_of(flags);
  refuse_to_overwrite("--page", flags.page, {flags.chat, flags.vocabulary.vocab});
  if (!flags.chat.empty()) return run_chat(flags, form);
  if (!flags.jsonl.empty()) {
    if (!flags.words.empty()) throw UsageError("--jsonl and TEXT exclude each other");
    if (form == Form::kPage || form == Form::kCompare)
      throw UsageError("--jsonl goes with neither --page nor --compare");
    const Encoding encoding = load_encoding(flags.vocabulary);
    for_each_json_text(open_input(flags.jsonl, {}), flags.text_key,
                       [&](std::string_view text) { put_out(rendered(encoding, flags, form, text)); });
    return;
  }
  std::string text = fmt::format("{}", fmt::join(flags.words, " "));
  if (flags.words.empty()) text = read_all(*open_file_source("-"));
  if (form == Form::kPage) return write_page(flags, text);
  if (form == Form::kCompare) return put_out(comparison(flags, text));
  put_out(rendered(load_encoding(flags.vocabulary), flags, form, text));
}

struct DecodeFlags {
  VocabularyFlags vocabulary;
  std::vector<uint32_t> ids;
};

void run_decode(const DecodeFlags& flags) {
  const Encoding encoding = load_encoding(flags.vocabulary);
  std::vector<uint32_t> ids = flags.ids;
  if (ids.empty()) {
    const std::string text = read_all(*open_file_source("-"));
    for (size_t i = 0; i < text.size();) {
      if (std::string_view(" \t\r\n,[]").find(text[i]) != std::string_view::npos) {
        ++i;
        continue;
      }
      const size_t end = std::min(text.find_first_not_of("0123456789", i), text.size());
      if (end == i || end - i > 9) throw Error(fmt::format("standard input: byte {}: not an id", i));
      ids.push_back(static_cast<uint32_t>(std::stoul(text.substr(i, end - i))));
      i = end;
    }
  }
  put_text(encoding.decode(ids));
  if (::isatty(STDOUT_FILENO) != 0) print("\n");
}

}  // namespace

void add_encode_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("encode", "Encode text; on a terminal, show a coloured view of the tokens");
  const auto flags = std::make_shared<EncodeFlags>();
  flags->vocabulary.add_to(*command);
  command->add_flag("--ids", flags->ids, "Print ids, separated by spaces (the default in a pipe)");
  command->add_flag("--json", flags->json,
                    "Print one JSON object: ids, counts, and with --offsets the tokens' positions");
  command->add_flag("--count", flags->count, "Print only the number of tokens");
  command->add_flag("--offsets", flags->offsets,
                    "Print one line per token: begin, end (bytes), begin, end (characters), id, token");
  command->add_flag("--merges", flags->merges, "Show the merges that make each pretoken, as a tree");
  command->add_flag("--view", flags->view, "Show the tokens with their ids beneath (the default on a terminal)");
  command->add_option("--compare", flags->compare, "Show several vocabularies side by side")
      ->delimiter(',')
      ->type_name("V,V...")
      ->allow_extra_args(false);
  command->add_option("--page", flags->page, "Write an HTML page that shows the tokens; opens from disk, loads nothing")
      ->type_name("FILE");
  command->add_option("--budget", flags->budget, "Show at most the first N tokens")->type_name("N");
  command
      ->add_option("--specials", flags->specials,
                   "What the text of a special token gives: plain text, the token, or an error")
      ->check(CLI::IsMember({"plain", "allow", "refuse"}))
      ->capture_default_str();
  command->add_flag("--add-special-tokens,!--no-add-special-tokens", flags->add_special_tokens,
                    "The tokens that a tokenizer.json's post-processor puts around every text (the default), or not");
  command->add_option("--jsonl", flags->jsonl, "JSON Lines: one line of output per document")->type_name("FILE");
  command->add_option("--text-key", flags->text_key, "Key of the text in a line")->capture_default_str();
  command
      ->add_option("--chat", flags->chat,
                   "A conversation: JSON list of {role, content}, or {messages}; - reads standard input")
      ->type_name("FILE");
  command
      ->add_option("--template", flags->chat_template,
                   "How a conversation is written: chatml, llama3, or your own JSON file")
      ->capture_default_str();
  command->add_option("--colour,--color", flags->colour, "auto: on a terminal, unless NO_COLOR is set")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  command->add_option("TEXT", flags->words, "Text, joined by spaces; standard input without it");
  command->footer(
      "Examples:\n"
      "  ftok encode 'hello world'\n"
      "  ftok encode --vocab cl100k_base.tiktoken --ids < book.txt\n"
      "  ftok encode --jsonl documents.jsonl --count\n"
      "  ftok encode --compare gpt2,cl100k_base,ftok-100k 'naïve café'\n"
      "  ftok encode --page tokens.html < book.txt\n"
      "  ftok encode --chat conversation.json --json");
  command->callback([flags] { run_encode(*flags); });
}

void add_decode_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("decode", "Decode token ids to bytes");
  const auto flags = std::make_shared<DecodeFlags>();
  flags->vocabulary.add_to(*command);
  command->add_option("ID", flags->ids, "Ids; standard input without them");
  command->footer("Example:\n  ftok encode --ids 'hello world' | ftok decode");
  command->callback([flags] { run_decode(*flags); });
}

}  // namespace ftok::cli
