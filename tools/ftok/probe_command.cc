// `ftok probe`: what a model knows, and conversations that teach it to say so where it does not.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <thread>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/refuse_to_overwrite.h"
#include "pipeline/inputs.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/model_chat.h"
#include "tools/ftok/model_vocabulary.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/text_input.h"
#include "trainer/batch_sample.h"
#include "trainer/model_file.h"
#include "trainer/speaker.h"

namespace ftok::cli {
namespace {

struct ProbeFlags {
  std::string model, questions, output, details, chat, vocabulary, system, refusal = "I do not know.";
  int64_t times = 5, tokens = 64, seed = 1, rows = 64;
  double temperature = 0.7;
  int threads = 0;
  bool json = false;
};

struct Question {
  uint64_t line = 0;
  std::string text;
  std::vector<std::string> truths;  // the first is the one that is taught
  int64_t right = 0, refused = 0;
  std::vector<std::string> answers;
};

struct ProbeCounts {
  int64_t questions = 0, known = 0, unknown = 0, unsure = 0, too_long = 0;
  int64_t answers = 0, right = 0, refused = 0;
  int64_t made_up() const { return answers - right - refused; }
};

// Words in lower case with single spaces between and around, so that whole words are found: " new delhi ".
std::string words_of(std::string_view text) {
  std::string out = " ";
  for (const char c : text) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    const bool is_word = is_upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80) != 0;
    if (is_word) {
      out += is_upper ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.back() != ' ') out += ' ';
  return out;
}

std::vector<Question> read_questions(const std::string& path) {
  std::vector<Question> questions;
  for_each_json_line(open_input(path, {}), "question", [&](uint64_t line, simdjson::dom::element root) {
    Question question;
    question.line = line;
    std::string_view text;
    if (root["question"].get(text) != simdjson::SUCCESS) throw Error("no string \"question\"");
    question.text = text;
    simdjson::dom::array list;
    if (root["answer"].get(text) == simdjson::SUCCESS) {
      question.truths.emplace_back(text);
    } else if (root["answer"].get(list) == simdjson::SUCCESS) {
      for (const simdjson::dom::element one : list) {
        if (one.get(text) != simdjson::SUCCESS) throw Error("\"answer\" is not a string, nor a list of such");
        question.truths.emplace_back(text);
      }
    }
    if (question.truths.empty()) throw Error("\"answer\" is not a string, nor a list of such");
    for (const std::string& truth : question.truths) {
      if (words_of(truth) == " ") throw Error("an \"answer\" has no word");
    }
    questions.push_back(std::move(question));
  });
  if (questions.empty()) throw Error(path + ": no question");
  return questions;
}

void judge(Question& question, const std::string& answer, const std::string& refusal) {
  const std::string words = words_of(answer);
  const bool is_right = std::any_of(question.truths.begin(), question.truths.end(), [&](const std::string& truth) {
    return words.find(words_of(truth)) != std::string::npos;
  });
  question.right += is_right;
  question.refused += !is_right && words.find(words_of(refusal)) != std::string::npos;
  question.answers.push_back(answer);
}

// Questions that are too long for the model are told of and left out of `questions`; returns how many.
int64_t ask(const ProbeFlags& flags, const ModelFile& model, const Encoding& encoding, const ModelChat& chat,
            std::vector<Question>& questions) {
  const Speaker speaker(encoding, chat, model, flags.system);
  const int threads =
      flags.threads > 0 ? flags.threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const auto sampler = make_cpu_batch_sampler(model.config, model.parameters, threads, flags.rows);
  std::vector<std::vector<uint32_t>> prompts;
  const auto is_too_long = [&](const Question& question) {
    std::vector<uint32_t> prompt = speaker.prompt(question.text);
    if (speaker.fits(prompt)) {
      prompts.push_back(std::move(prompt));
      return false;
    }
    stderr_log()(LogLevel::kWarning,
                 fmt::format("{}: line {}: the question has {} tokens with what stands around it, "
                             "but the model reads {}: it is not asked",
                             flags.questions, question.line, prompt.size(), model.config.length - 1));
    return true;
  };
  std::vector<Question> fitting;
  for (Question& question : questions) {
    if (!is_too_long(question)) fitting.push_back(std::move(question));
  }
  const int64_t too_long = static_cast<int64_t>(questions.size() - fitting.size());
  questions = std::move(fitting);
  std::vector<SampleRequest> requests;
  for (const std::vector<uint32_t>& prompt : prompts) {
    for (int64_t k = 0; k < flags.times; ++k)
      requests.push_back({prompt, static_cast<uint64_t>(flags.seed) + requests.size()});
  }
  const std::vector<ChatAnswer> answers = speaker.ask(*sampler, requests, flags.temperature, flags.tokens);
  for (size_t i = 0; i < answers.size(); ++i)
    judge(questions[i / static_cast<size_t>(flags.times)], answers[i].message.content, flags.refusal);
  return too_long;
}

enum class Knowledge { kKnown, kUnsure, kUnknown };

// Known: right more often than not. Unknown: never right.
Knowledge knowledge_of(const Question& question, int64_t times) {
  if (question.right == 0) return Knowledge::kUnknown;
  return 2 * question.right > times ? Knowledge::kKnown : Knowledge::kUnsure;
}

std::string conversation(const ProbeFlags& flags, const Question& question, Knowledge knowledge) {
  std::string line = "{\"messages\":[";
  if (!flags.system.empty()) line += format_chat_message({"system", flags.system}) + ",";
  line += format_chat_message({"user", question.text}) + ",";
  line += format_chat_message({"assistant", knowledge == Knowledge::kKnown ? question.truths[0] : flags.refusal});
  return line + "],\"task\":\"" + (knowledge == Knowledge::kKnown ? "known" : "unknown") + "\"}\n";
}

std::string detail(const Question& question) {
  JsonWriter json;
  json.begin_object().field("question", question.text).field("right", question.right);
  json.field("refused", question.refused).key("answers").begin_array();
  for (const std::string& answer : question.answers) json.value(answer);
  return json.end_array().end_object().take() + "\n";
}

void report(const ProbeFlags& flags, const ProbeCounts& tally) {
  const double made_up =
      static_cast<double>(tally.made_up()) / static_cast<double>(std::max<int64_t>(1, tally.answers));
  if (flags.json) {
    JsonWriter json;
    json.begin_object().field("questions", tally.questions).field("known", tally.known).field("unsure", tally.unsure);
    json.field("unknown", tally.unknown)
        .field("too_long", tally.too_long)
        .field("answers", tally.answers)
        .field("right", tally.right);
    json.field("refused", tally.refused).field("made_up", tally.made_up()).field("made_up_share", made_up);
    return print_out(json.end_object().take() + "\n");
  }
  const std::string too_long = tally.too_long > 0 ? fmt::format(", {} too long", tally.too_long) : "";
  print_out(fmt::format("{} questions: {} known, {} unsure, {} unknown{}\n", tally.questions, tally.known, tally.unsure,
                        tally.unknown, too_long));
  print_out(fmt::format("{} answers: {} right, {} refused, {} made up ({:.1f} %)\n", tally.answers, tally.right,
                        tally.refused, tally.made_up(), 100 * made_up));
}

// The questions are read before anything is written, and would be gone.
void refuse_outputs_over_inputs(const ProbeFlags& flags) {
  namespace fs = std::filesystem;
  const auto is_same = [](const std::string& a, const std::string& b) {
    std::error_code code;
    if (a.empty() || b.empty() || a == "-" || b == "-") return false;
    return fs::weakly_canonical(a, code) == fs::weakly_canonical(b, code) || fs::equivalent(a, b, code);
  };
  for (const auto& [flag, path] : {std::pair("--output", flags.output), {"--details", flags.details}})
    refuse_to_overwrite(flag, path, {flags.questions, flags.model});
  if (is_same(flags.output, flags.details))
    throw UsageError(fmt::format("--output and --details name the same file, {}", flags.details));
}

void run(const ProbeFlags& flags) {
  refuse_outputs_over_inputs(flags);
  if (!(flags.temperature >= 0 && flags.temperature <= 100))
    throw UsageError(fmt::format("--temperature {}: expected 0 to 100", flags.temperature));
  if (words_of(flags.refusal) == " ") throw UsageError("--refusal: expected a text with words");
  const ModelFile model = read_language_model(flags.model, 0, stderr_log());
  const Encoding encoding = need_model_encoding(model, flags.vocabulary);
  const ModelChat chat = find_model_chat(flags.model, flags.chat, "--template");
  std::vector<Question> questions = read_questions(flags.questions);
  ProbeCounts tally;
  tally.too_long = ask(flags, model, encoding, chat, questions);
  tally.questions = tally.too_long;
  std::string conversations, details;
  for (const Question& question : questions) {
    const Knowledge knowledge = knowledge_of(question, flags.times);
    ++(knowledge == Knowledge::kKnown ? tally.known : knowledge == Knowledge::kUnknown ? tally.unknown : tally.unsure);
    ++tally.questions;
    tally.answers += flags.times, tally.right += question.right, tally.refused += question.refused;
    if (knowledge != Knowledge::kUnsure) conversations += conversation(flags, question, knowledge);
    details += detail(question);
  }
  if (!flags.details.empty()) write_output(flags.details, details);
  if (!flags.output.empty()) write_output(flags.output, conversations);
  report(flags, tally);
}

}  // namespace

void add_probe_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "probe",
      "Ask a chat model questions again and again, and write conversations that teach it what it does not know");
  const auto flags = std::make_shared<ProbeFlags>();
  command
      ->add_option("MODEL", flags->model,
                   "Output folder of ftok train or ftok rl, a checkpoint, or a folder with model.safetensors")
      ->required();
  command
      ->add_option(
          "QUESTIONS", flags->questions,
          "JSON Lines, {\"question\": TEXT, \"answer\": TEXT or a list of them}; an answer is right when it has "
          "all the words of a truth, in order and side by side")
      ->required();
  command->add_option("-o,--output", flags->output,
                      "Write conversations: of questions never answered right a refusal, of those answered right more "
                      "often than not the truth");
  command->add_option("--details", flags->details, "Write each question with its answers, as JSON Lines");
  command->add_option("--times", flags->times, "How often each question is asked")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 16))
      ->capture_default_str();
  command->add_option("--refusal", flags->refusal, "What is said where the answer is not known")->capture_default_str();
  command->add_option("--system", flags->system, "System message before each question");
  command->add_option("--temperature", flags->temperature, "Sampling temperature")->capture_default_str();
  command->add_option("--tokens", flags->tokens, "Most tokens of an answer")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 20))
      ->capture_default_str();
  command->add_option("--seed", flags->seed, "Seed; the same seed gives the same answers")
      ->check(CLI::Range(int64_t{0}, INT64_MAX))
      ->capture_default_str();
  command->add_option("--rows", flags->rows, "Answers drawn at a time")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 16))
      ->capture_default_str();
  add_template_flag(*command, flags->chat);
  command->add_option("-v,--vocab", flags->vocabulary,
                      "Vocabulary: a file or a name; default: the one the model names");
  command->add_option("-j,--threads", flags->threads, "Threads; 0: all cores")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  command->add_flag("--json", flags->json, "Print the result as one JSON object");
  command->callback([flags] { run(*flags); });
  command->footer(
      "Example:\n"
      "  ftok probe tuned questions.jsonl --output refusals.jsonl\n"
      "  ftok tokenize --vocab ftok-4k --chat chatml --output lessons refusals.jsonl\n"
      "  ftok train sft --init tuned --data lessons --output honest");
}

}  // namespace ftok::cli
