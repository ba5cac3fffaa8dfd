// `ftok chat`: a conversation with a model.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "core/error.h"
#include "core/file.h"
#include "core/shown.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/model_chat.h"
#include "tools/ftok/model_decoder.h"
#include "tools/ftok/model_vocabulary.h"
#include "tools/ftok/sample_flags.h"
#include "tools/ftok/terminal.h"
#include "trainer/model_file.h"

namespace ftok::cli {
namespace {

constexpr size_t kLineBytesMax = size_t{1} << 20;

constexpr char kHelp[] =
    "/regenerate   another answer to the last message\n"
    "/save FILE    write the conversation as a line of JSON, as ftok tokenize --chat reads it\n"
    "/clear        begin a new conversation; the system message stays\n"
    "/help         these lines\n"
    "/quit         leave; so does the end of input\n";

struct ChatFlags {
  std::string model, system, chat, vocabulary;
  DeviceFlags place;
  int64_t tokens = 512, heads = 0;
  SampleOptions options{0.8, 0, 0.95, 1, 1.0};
  bool no_tools = false;
};

// A line without its end; false at the end of input.
bool read_line(std::string& line) {
  line.clear();
  int c;
  while ((c = std::getc(stdin)) != EOF && c != '\n') {
    if (line.size() >= kLineBytesMax)
      throw Error(fmt::format("standard input: a line is longer than {} bytes", kLineBytesMax));
    line += static_cast<char>(c);
  }
  if (std::ferror(stdin) != 0) throw_errno("cannot read standard input", errno);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return c != EOF || !line.empty();
}

class Conversation {
 public:
  Conversation(const ChatFlags& flags, const ModelFile& model, const Encoding& encoding, const ModelChat& chat,
               TokenPredictor& decoder)
      : flags_(flags), model_(model), encoding_(encoding), chat_(chat), decoder_(decoder) {
    clear();
  }

  // A line of the user's; false ends the conversation.
  bool take(const std::string& line) {
    if (line.empty()) return true;
    if (line[0] != '/') {
      messages_.push_back({"user", line});
      reply();
      return true;
    }
    const size_t space = line.find(' ');
    const std::string command = line.substr(0, space), rest = space == std::string::npos ? "" : line.substr(space + 1);
    if (command == "/quit") return false;
    if (command == "/help") {
      print_out(kHelp);
    } else if (command == "/clear") {
      clear();
    } else if (command == "/save") {
      save(rest);
    } else if (command == "/regenerate") {
      regenerate();
    } else {
      note("ftok: no command {}; /help lists them\n", command);
    }
    return true;
  }

 private:
  void clear() {
    messages_.clear();
    if (!flags_.system.empty()) messages_.push_back({"system", flags_.system});
  }

  void regenerate() {
    if (messages_.empty() || messages_.back().role != "assistant")
      return note("ftok: /regenerate: no answer to repeat yet\n");
    messages_.pop_back();
    reply();
  }

  // What goes wrong here leaves the conversation as it is.
  void save(const std::string& path) const {
    if (path.empty()) return note("ftok: /save: expected a file\n");
    std::string line = "{\"messages\":[";
    for (const ChatMessage& message : messages_) line += (line.back() == '[' ? "" : ",") + format_chat_message(message);
    try {
      write_output(path, line + "]}\n");
      note("ftok: {} messages in {}\n", messages_.size(), path);
    } catch (const Error& error) {
      note("ftok: {}\n", error.what());
    }
  }

  void reply() {
    AnswerOptions options = answer_options(model_, encoding_, chat_, !flags_.no_tools);
    options.tokens_max = flags_.tokens;
    options.sample = flags_.options;
    options.sample.encoding = &encoding_;
    options.sample.seed += answers_++;
    AnswerListener listener;
    std::string shown;  // what has not been shown yet: a character may lie in two tokens
    listener.text = [&](std::string_view text) {
      shown += text;
      const size_t whole = truncated_tail(shown);
      put_text(shown.substr(0, whole));
      finish_output();
      shown.erase(0, whole);
      return true;
    };
    listener.tool = [&](const std::string& call, const std::string& result) {
      put_text(shown + fmt::format("[{} = {}] ", call, result));
      finish_output();
      shown.clear();
    };
    size_t forgotten = 0;
    ChatAnswer answer;
    try {
      answer = ftok::answer(decoder_, model_.config, encoding_, chat_.form, messages_, options, listener, &forgotten);
    } catch (const Error&) {
      if (messages_.back().role == "user") messages_.pop_back();
      throw;
    }
    put_text(shown);
    print_out("\n");
    if (forgotten > 0) note("ftok: the context is full: the oldest {} messages were not read\n", forgotten);
    if (!answer.complete) note("ftok: the answer is cut off after {} tokens (--tokens)\n", flags_.tokens);
    messages_.push_back(std::move(answer.message));
  }

  const ChatFlags& flags_;
  const ModelFile& model_;
  const Encoding& encoding_;
  const ModelChat& chat_;
  TokenPredictor& decoder_;
  std::vector<ChatMessage> messages_;
  uint64_t answers_ = 0;
};

void run(const ChatFlags& flags) {
  check_sample_flags(flags.options);
  ModelFile model = read_model(flags.model, flags.heads, stderr_log(flags.place.quiet));
  const Encoding encoding = need_model_encoding(model, flags.vocabulary);
  const ModelChat chat = find_model_chat(flags.model, flags.chat, "--template");
  std::vector<ChatMessage> first = {{"user", ""}};
  if (!flags.system.empty()) first.insert(first.begin(), {"system", flags.system});
  encode_chat_prompt(encoding, chat.form, std::move(first));  // what is wrong with the template shows here
  const std::unique_ptr<TokenPredictor> decoder = make_decoder(model, flags.place);
  Conversation conversation(flags, model, encoding, chat, *decoder);
  const bool is_terminal = ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0;
  if (is_terminal && !flags.place.quiet) note("ftok: a conversation with {}; /help lists commands\n", flags.model);
  std::string line;
  while (true) {
    if (is_terminal) print_out("> ");
    if (!read_line(line)) break;
    try {
      if (!conversation.take(line)) break;
    } catch (const Error& error) {
      if (!is_terminal) throw;
      note("ftok: {}\n", error.what());
    }
  }
  if (is_terminal) print_out("\n");
}

}  // namespace

void add_chat_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("chat", "Talk to a model that was trained on conversations");
  const auto flags = std::make_shared<ChatFlags>();
  command
      ->add_option("MODEL", flags->model,
                   "Output folder of ftok train or ftok rl, a checkpoint, or a folder with model.safetensors")
      ->required();
  command->add_option("--system", flags->system, "System message, before all others");
  add_template_flag(*command, flags->chat);
  command->add_option("--tokens", flags->tokens, "Most tokens of an answer")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 30))
      ->capture_default_str();
  add_sample_flags(*command, flags->options);
  command->add_flag("--no-tools", flags->no_tools,
                    "Do not compute what the model asks the calculator (the template's \"call\")");
  add_device_flags(*command, flags->place);
  command->add_option("-v,--vocab", flags->vocabulary,
                      "Vocabulary: a file or a name; default: the one the model names");
  command->add_option("--heads", flags->heads, "Attention heads of safetensors without config.json")
      ->check(CLI::Range(int64_t{1}, int64_t{1000}));
  command->callback([flags] { run(*flags); });
  command->footer(std::string("A line of input is a message; a line that begins with / is a command:\n") + kHelp +
                  "Examples:\n"
                  "  ftok chat tuned\n"
                  "  ftok chat tuned --system \"Be brief.\" --temperature 0\n"
                  "  echo \"What is 12 * 34?\" | ftok chat tuned");
}

}  // namespace ftok::cli
