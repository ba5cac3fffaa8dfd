// `ftok vocab count` and `ftok vocab merge-counts`: files of pretoken counts.
#include <fmt/format.h>

#include <memory>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/refuse_to_overwrite.h"
#include "pipeline/progress.h"
#include "tools/ftok/corpus_flags.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/vocab_commands.h"

namespace ftok::cli {
namespace {

struct CountFlags : CorpusFlags {
  std::string output;
};

void run_count(const CountFlags& flags) {
  refuse_to_overwrite("--output", flags.output, flags.files);
  const PretokenPattern pattern = parse_pattern(flags.pattern.empty() ? kDefaultPattern : flags.pattern);
  const std::vector<uint64_t> weights = whole_weights_of(flags.files, flags.weights);
  remove_dead_temporaries_of(flags.output);
  AtomicFile file(flags.output);  // first, so that a folder that cannot be written to is found at once
  const CountedCorpus counted = count_corpus(flags, weights, pattern, flags.output);
  CountsWriter writer(CountsHeader::of(pattern), [&](std::string_view bytes) { file.write(bytes); });
  counted.counter->visit([&](std::string_view pretoken, uint64_t count) { writer.add(pretoken, count); }, true);
  writer.finish();
  file.commit();
  const CorpusCountReport& report = counted.report;
  if (flags.json) {
    JsonWriter json;
    json.begin_object()
        .field("output", flags.output)
        .field("pattern", pattern.name())
        .field("pretokens", writer.total())
        .field("distinct", writer.pretokens())
        .field("text_bytes", report.text_bytes)
        .field("warc_documents", report.documents)
        .field("empty_documents", report.empty_documents)
        .field("damaged", report.damaged)
        .field("seconds", report.seconds)
        .end_object();
    print_out(json.take() + "\n");
  }
  if (!flags.quiet) {
    note("ftok: wrote {}: {} pretokens, {} distinct; counted {} of text in {:.2f} s, {}/s\n", flags.output,
         writer.total(), writer.pretokens(), bytes_text(static_cast<double>(report.text_bytes)), report.seconds,
         bytes_text(static_cast<double>(report.text_bytes) / std::max(report.seconds, 1e-3)));
  }
}

void run_merge(const CountFlags& flags) {
  refuse_to_overwrite("--output", flags.output, flags.files);
  const std::vector<uint64_t> weights = whole_weights_of(flags.files, flags.weights);
  const std::vector<std::unique_ptr<CountsReader>> readers = open_counts(flags.files);
  std::vector<SortedCounts*> parts;
  for (const auto& reader : readers) parts.push_back(reader.get());
  remove_dead_temporaries_of(flags.output);
  AtomicFile file(flags.output);
  CountsWriter writer(readers[0]->header(), [&](std::string_view bytes) { file.write(bytes); });
  merge_counts(parts, weights, [&](std::string_view pretoken, uint64_t count) { writer.add(pretoken, count); });
  writer.finish();
  file.commit();
  if (flags.json) {
    JsonWriter json;
    json.begin_object()
        .field("output", flags.output)
        .field("pattern", readers[0]->header().pattern)
        .field("pretokens", writer.total())
        .field("distinct", writer.pretokens())
        .end_object();
    print_out(json.take() + "\n");
  }
  if (!flags.quiet) {
    note("ftok: wrote {}: {} pretokens, {} distinct\n", flags.output, writer.total(), writer.pretokens());
  }
}

}  // namespace

void add_vocab_count_command(CLI::App& parent) {
  CLI::App* command = parent.add_subcommand("count", "Count the pretokens of a corpus, for `ftok vocab train`");
  const auto flags = std::make_shared<CountFlags>();
  flags->add_to(*command);
  command->add_option("-o,--output", flags->output, "Counts file")->required()->type_name("FILE");
  command
      ->add_option("FILE", flags->files,
                   "Text, JSON Lines, Parquet or WARC; plain, .gz or .zst; - is text on standard input")
      ->required();
  command->footer(
      "Examples:\n"
      "  ftok vocab count --pattern o200k --output books.counts books.jsonl.zst\n"
      "  ftok vocab count --output crawl.counts run/text/*.jsonl.zst            (the text that `ftok run` kept)\n"
      "  ftok vocab count --recipe fineweb-2024-04 --output crawl.counts CC-MAIN-20240612140424-00000.warc.gz\n"
      "  ftok vocab merge-counts --output all.counts books.counts crawl.counts");
  command->callback([flags] { run_count(*flags); });
}

void add_vocab_merge_counts_command(CLI::App& parent) {
  CLI::App* command = parent.add_subcommand("merge-counts", "Add up counts files of parts of a corpus");
  const auto flags = std::make_shared<CountFlags>();
  flags->add_weights_to(*command, false);
  command->add_option("-o,--output", flags->output, "Counts file")->required()->type_name("FILE");
  command->add_flag("--json", flags->json, "Print the result as one JSON object");
  command->add_flag("-q,--quiet", flags->quiet, "No notes");
  command->add_option("FILE", flags->files, "Counts files made with one pattern")->required();
  command->footer(
      "Example:\n"
      "  ftok vocab merge-counts --weight code.counts=3 --output all.counts web.counts code.counts");
  command->callback([flags] { run_merge(*flags); });
}

}  // namespace ftok::cli
