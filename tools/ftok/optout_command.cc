// `ftok optout build`: lists of hosts that opt out of a crawler, from archives of robots.txt files.
#include "crawl/optout.h"

#include <fmt/format.h>

#include <memory>

#include "core/file.h"
#include "core/json.h"
#include "crawl/input_format.h"
#include "crawl/source.h"
#include "pipeline/inputs.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {
namespace {

constexpr char kOptoutExamples[] = R"(Examples:
  ftok optout build --agent CCBot --agent GPTBot -o optout CC-MAIN-*-robotstxt.warc.gz
  ftok run --set 'url.optout_lists=["optout/GPTBot.txt"]' ...                  labels: url_optout is 1
  ftok run --set 'url.optout_lists=["optout/GPTBot.txt"]' --set url.optout_drop=true ...
Common Crawl lists these archives in crawl-data/CRAWL/robotstxt.paths.gz.)";

struct OptoutFlags {
  std::vector<std::string> files, agents;
  std::string output;
  bool json = false;
};

void read_archive(const std::string& file, OptOut& optout, const Log& log) {
  SourceOptions options;
  options.file_path = file;
  const InputFormat* format = nullptr;
  const std::unique_ptr<Source> source = make_source(open_input(file, log), options, &format);
  uint64_t records = 0;
  for (Item item; source->next(item); item = Item()) {
    ++records;
    if (item.verdict.kind == Verdict::Kind::kSkip) continue;  // requests and the like
    if (!item.verdict.kept()) item.document = Document();     // damaged: no file of any host
    optout.add(item.document);
  }
  report_damage(*source, file, *format, records, log);
}

void report(const OptOut& optout, bool as_json) {
  const OptOut::Counts& counts = optout.counts();
  JsonWriter json;
  json.begin_object().field("files", counts.files).field("unanswered", counts.unanswered);
  json.field("others", counts.others).field("hosts", static_cast<uint64_t>(optout.hosts()));
  json.key("opted_out").begin_object();
  std::string lists;
  for (size_t i = 0; i < optout.agents().size(); ++i) {
    json.field(optout.agents()[i], static_cast<uint64_t>(optout.listed(i)));
    lists += fmt::format("{}: {} hosts opt out\n", optout.agents()[i], optout.listed(i));
  }
  if (as_json) return print_out(json.end_object().end_object().take() + "\n");
  print_report(fmt::format("{} robots.txt files of {} hosts; {} without an answer, {} other records\n{}", counts.files,
                           optout.hosts(), counts.unanswered, counts.others, lists));
}

void run_build(const OptoutFlags& flags) {
  const Log log = stderr_log();
  OptOut optout(flags.agents);
  for (const std::string& file : flags.files) read_archive(file, optout, log);
  make_folder(flags.output);
  for (size_t i = 0; i < optout.agents().size(); ++i)
    write_file(flags.output + "/" + optout.agents()[i] + ".txt", optout.list(i));
  report(optout, flags.json);
}

}  // namespace

void add_optout_command(CLI::App& app) {
  const auto flags = std::make_shared<OptoutFlags>();
  CLI::App* command = app.add_subcommand("optout", "List the hosts that opt out of a crawler");
  command->require_subcommand(1);
  command->footer(kOptoutExamples);
  CLI::App* build = command->add_subcommand("build", "Make the lists from archives of robots.txt files");
  build->add_option("FILE", flags->files, "WARC files of robots.txt files: paths or addresses")->required();
  build->add_option("--agent", flags->agents, "The crawler's name in robots.txt, such as CCBot (repeatable)")
      ->required()
      ->take_all()
      ->allow_extra_args(false)
      ->type_name("NAME");
  build->add_option("-o,--output", flags->output, "Folder for the lists, NAME.txt of each crawler")
      ->required()
      ->type_name("DIR");
  build->add_flag("--json", flags->json, "Print the counts as a JSON object");
  build->footer(kOptoutExamples);
  build->callback([flags] { run_build(*flags); });
}

}  // namespace ftok::cli
