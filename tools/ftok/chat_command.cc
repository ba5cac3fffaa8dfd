// `ftok chat`: a conversation with a model.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
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
#include "tools/ftok/text_stream.h"
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
  StopFlags stops;
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

volatile std::sig_atomic_t answer_is_interrupted = 0;

// While one lives, a first Ctrl-C ends the answer; a second one, and one at the prompt, ends the program as usual.
class AnswerInterrupt {
 public:
  explicit AnswerInterrupt(bool is_wanted) : is_wanted_(is_wanted) {
    answer_is_interrupted = 0;
    if (!is_wanted_) return;
    struct sigaction action {};
    action.sa_handler = [](int) { answer_is_interrupted = 1; };
    action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
    ::sigaction(SIGINT, &action, &before_);
  }
  ~AnswerInterrupt() {
    if (is_wanted_) ::sigaction(SIGINT, &before_, nullptr);
  }
  AnswerInterrupt(const AnswerInterrupt&) = delete;
  AnswerInterrupt& operator=(const AnswerInterrupt&) = delete;
  static bool is_asked_for() { return answer_is_interrupted != 0; }

 private:
  bool is_wanted_;
  struct sigaction before_ {};
};

// Removes a stop text and what stands behind it. Whether there was one.
bool cut_at_stop(ChatMessage& message, const std::vector<std::string>& stops) {
  const bool has_parts = !message.parts.empty();
  if (has_parts && message.parts.back().kind != ChatPart::Kind::kText) return false;
  std::string& last = has_parts ? message.parts.back().text : message.content;
  const size_t at = find_stop(last, stops);
  if (at == std::string::npos) return false;
  if (has_parts) message.content.resize(message.content.size() - (last.size() - at));
  last.resize(at);
  return true;
}

class Conversation {
 public:
  Conversation(const ChatFlags& flags, const ModelFile& model, const Encoding& encoding, const ModelChat& chat,
               TokenPredictor& decoder, bool is_terminal)
      : flags_(flags), model_(model), encoding_(encoding), chat_(chat), decoder_(decoder), is_terminal_(is_terminal) {
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
    options.stops.insert(options.stops.end(), flags_.stops.tokens.begin(), flags_.stops.tokens.end());
    options.sample.seed += answers_++;
    AnswerListener listener;
    std::string shown;  // what has not been shown yet: a character may lie in two tokens
    TextStream stream(flags_.stops.texts, [&](std::string_view text) {
      shown += text;
      const size_t whole = truncated_tail(shown);
      put_text(shown.substr(0, whole));
      finish_output();
      shown.erase(0, whole);
    });
    listener.text = [&](std::string_view text) { return stream.add(text); };
    listener.tool = [&](const std::string& call, const std::string& result) {
      stream.finish();
      put_text(shown + fmt::format("[{} = {}] ", call, result));
      finish_output();
      shown.clear();
    };
    listener.stops = AnswerInterrupt::is_asked_for;
    size_t forgotten = 0;
    ChatAnswer answer;
    const AnswerInterrupt interrupt(is_terminal_);
    try {
      answer = ftok::answer(decoder_, model_.config, encoding_, chat_.form, messages_, options, listener, &forgotten);
    } catch (const Error&) {
      if (messages_.back().role == "user") messages_.pop_back();
      throw;
    }
    stream.finish();
    put_text(shown);
    print_out("\n");
    const bool is_stopped = cut_at_stop(answer.message, flags_.stops.texts);
    if (forgotten > 0) note("ftok: the context is full: the oldest {} messages were not read\n", forgotten);
    if (AnswerInterrupt::is_asked_for()) {
      note("ftok: answer stopped; press Ctrl-C at the prompt to leave\n");
    } else if (!answer.complete && !is_stopped) {
      note("ftok: the answer is cut off after {} tokens (--tokens)\n", flags_.tokens);
    }
    messages_.push_back(std::move(answer.message));
  }

  const ChatFlags& flags_;
  const ModelFile& model_;
  const Encoding& encoding_;
  const ModelChat& chat_;
  TokenPredictor& decoder_;
  bool is_terminal_;
  std::vector<ChatMessage> messages_;
  uint64_t answers_ = 0;
};

void run(const ChatFlags& flags) {
  check_sample_flags(flags.options);
  flags.stops.check();
  ModelFile model = read_language_model(flags.model, flags.heads, stderr_log(flags.place.quiet));
  const Encoding encoding = need_model_encoding(model, flags.vocabulary);
  const ModelChat chat = find_model_chat(flags.model, flags.chat, "--template");
  std::vector<ChatMessage> first = {{"user", ""}};
  if (!flags.system.empty()) first.insert(first.begin(), {"system", flags.system});
  encode_chat_prompt(encoding, chat.form, std::move(first));  // what is wrong with the template shows here
  const std::unique_ptr<TokenPredictor> decoder = make_decoder(model, flags.place);
  const bool is_terminal = ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0;
  Conversation conversation(flags, model, encoding, chat, *decoder, is_terminal);
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
  add_stop_flags(*command, flags->stops);
  command->add_flag("--no-tools", flags->no_tools,
                    "Do not compute what the model asks the calculator (the template's \"call\")");
  add_device_flags(*command, flags->place);
  command->add_option("-v,--vocab", flags->vocabulary,
                      "Vocabulary: a file or a name; default: the one the model names");
  command->add_option("--heads", flags->heads, "Attention heads of safetensors without config.json")
      ->check(CLI::Range(int64_t{1}, int64_t{1000}));
  command->callback([flags] { run(*flags); });
  command->footer(std::string("A line of input is a message; a line that begins with / is a command:\n") + kHelp +
                  "Ctrl-C ends an answer that is being written; at the prompt it ends the conversation.\n"
                  "Examples:\n"
                  "  ftok chat tuned\n"
                  "  ftok chat tuned --system \"Be brief.\" --temperature 0\n"
                  "  echo \"What is 12 * 34?\" | ftok chat tuned");
}

}  // namespace ftok::cli
