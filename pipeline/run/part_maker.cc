#include "pipeline/run/part_maker.h"

#include "core/ordered_pipeline.h"
#include "core/signals.h"
#include "document/text_lines.h"
#include "pipeline/input_names.h"
#include "pipeline/run/cpu_clock.h"
#include "text/unicode.h"

namespace ftok {

// A candidate on its way through the second half.
struct PartMaker::Entry {
  Candidate candidate;
  Judgement judgement;
  uint64_t specials_as_text = 0;
  ShuffleKey shuffle_key;
};

PartOptions PartMaker::part_options(std::string folder, size_t keys_per_document) const {
  PartOptions options;
  options.folder = std::move(folder);
  options.text = options_.text;
  options.rejects = options_.rejects != Rejects::kNone;
  options.token_bytes = token_bytes_for(plan_.shards.vocabulary_size);
  options.keys_per_document = keys_per_document;
  options.shuffles = plan_.shuffle.has_value();
  options.texts = plan_.texts;
  options.stopped_after = plan_.stop_after;
  return options;
}

InputReport PartMaker::make(CandidateReader& reader, const PartDecisions& decisions, PartWriter& writer) const {
  InputReport report = reader.report();
  const SplitKeys split_keys(report.input);
  ordered_pipeline<Entry>(
      options_.live_max,
      [&]() -> std::unique_ptr<Entry> {
        if (stop_requested()) throw Stopped();
        auto entry = std::make_unique<Entry>();
        if (!reader.next(entry->candidate)) return nullptr;
        if (entry->candidate.is_document) {
          const CpuTimer timer(options_.dedup_ns);
          entry->judgement = decisions.judge(entry->candidate.document);
        }
        return entry;
      },
      [&](Entry& entry) { work(entry); },
      [&](Entry& entry) {
        const Document& document = entry.candidate.document;
        // Where the input is texts of an earlier run, ids are made of the names of that one's inputs.
        const bool is_resumed = !plan_.source.start_after.empty() && entry.candidate.is_document;
        emit(entry, decisions, (is_resumed ? SplitKeys(document.file_path) : split_keys).of(document.id), writer,
             report);
      });
  return report;
}

void PartMaker::work(Entry& entry) const {
  if (!entry.candidate.is_document || !entry.judgement.verdict.kept()) return;
  Document& document = entry.candidate.document;
  Item item;
  item.document = std::move(document);
  run_stages(plan_.late_stages, item, false, options_.late_stage_ns, options_.budget);
  drop_if_empty(item);
  document = std::move(item.document);
  if (!item.verdict.kept()) {
    entry.judgement.verdict = std::move(item.verdict);
    return;
  }
  if (plan_.stops()) return;
  take_layout(document);
  const CpuTimer timer(options_.encode_ns);
  MemoryBudget::Share share(options_.budget);
  share.resize(working_bytes(document));
  document.tokens = plan_.encoding->encode_ordinary(document.text);
  if (plan_.shuffle) entry.shuffle_key = shuffle_key(document.text, *plan_.shuffle);
  entry.specials_as_text = plan_.encoding->count_specials(document.text);
}

void PartMaker::emit(Entry& entry, const PartDecisions& decisions, std::string_view split_key, PartWriter& writer,
                     InputReport& report) const {
  if (!entry.candidate.is_document) {
    writer.add_reject(entry.candidate.reject);
    return;
  }
  Document& document = entry.candidate.document;
  const Judgement& judgement = entry.judgement;
  report.tally.note_labels(document.scores);  // of late stages: those of the others were counted when they ran
  if (decisions.writes_keys) writer.add_judged(document.id, judgement.keys);
  if (!judgement.verdict.kept()) {
    report.tally.drop_kept(judgement.verdict);
    if (judgement.verdict.kind == Verdict::Kind::kDrop && options_.rejects != Rejects::kNone) {
      writer.add_reject(
          reject_line(document, judgement.verdict, options_.rejects, judgement.duplicate_of, &judgement.cluster));
    }
    return;
  }
  // In a shuffle a document's place and split are properties of the document alone.
  writer.add_kept(document, decisions.split(document, plan_.shuffle ? std::string_view(document.id) : split_key),
                  entry.shuffle_key, judgement.cluster);
  report.tally.tokens += document.tokens.size();
  report.tally.text_bytes += document.text.size();
  report.tally.specials_as_text += entry.specials_as_text;
  if (!document.language.empty()) ++report.tally.languages_kept[document.language];
  ++progress_.kept;
  progress_.tokens += document.tokens.size();
}

Manifest manifest_of(const Plan& plan, std::string binding, const Tally& totals, const std::string& corpus) {
  Manifest manifest;
  manifest.corpus = corpus;
  if (corpus.empty()) manifest.corpora = plan.routing.corpora();
  manifest.software = {{"ftok", FTOK_VERSION}, {"unicode", kUnicodeVersion}};
  manifest.recipe = plan.recipe;
  manifest.binding = std::move(binding);
  manifest.digests = plan.digests;
  if (const std::string& earlier = plan.earlier_of(corpus).digest; !corpus.empty() && !earlier.empty()) {
    manifest.digests["dedup-against"] = earlier;
  }
  manifest.notes = plan.notes;
  manifest.vocabulary = {plan.vocabulary_name, plan.vocabulary_digest, plan.shards.vocabulary_size,
                         plan.shards.end_of_text};
  describe_shards(plan.shards, manifest);
  manifest.validation_per_mille = static_cast<uint64_t>(plan.validation_per_mille);
  JsonWriter json;
  json.begin_object();
  totals.write_fields(json);
  json.end_object();
  manifest.totals = json.take();
  return manifest;
}

}  // namespace ftok
