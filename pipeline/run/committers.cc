#include "pipeline/run/committers.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/amounts.h"
#include "pipeline/inputs.h"

namespace ftok {
namespace {

// What is committed of an input stays, whatever is under its name now.
void warn_of_changed_inputs(const std::vector<std::string>& inputs, const RunState& state, const std::string& folder,
                            const Log& log) {
  size_t changed = 0;
  std::string first;
  for (size_t number = 0; number < state.parts.size(); ++number) {
    const Result<InputReport> report = parse_input_report(state.parts[number].report);
    if (!report || report->digest.empty()) continue;  // it was not read to its end
    const InputState now = state_of(inputs[number]);
    if (!now.is_known || now.bytes == report->stored_bytes || ++changed > 1) continue;
    first = fmt::format("{} has {} bytes and had {} when it was read", report->input, grouped(now.bytes),
                        grouped(report->stored_bytes));
  }
  if (changed == 0) return;
  log(LogLevel::kWarning,
      fmt::format("{}{}; {} keeps what is committed of {}", first,
                  changed > 1 ? fmt::format(" ({} committed inputs are of other sizes)", changed) : "", folder,
                  changed > 1 ? "them" : "it"));
}

}  // namespace

Committers::Committers(const std::vector<std::unique_ptr<OutputFolder>>& folders,
                       const std::vector<std::string>& inputs, OutputFolder::GivenUp given_up, const Plan& plan,
                       const CommitOptions& options, Progress& progress, const Log& log)
    : folders_(folders), plan_(plan) {
  for (size_t place = 0; place < folders.size(); ++place) {
    RunState state = folders[place]->committed(inputs, given_up);
    if (place == 0) warn_of_changed_inputs(inputs, state, folders[place]->path(), log);
    all_.push_back(std::make_unique<Committer>(*folders[place], place == 0 ? "" : plan.corpora[place - 1].name, plan,
                                               options, std::move(state), progress, log));
  }
}

void Committers::commit(uint64_t number) {
  for (size_t place = 0; place < all_.size(); ++place) {
    if (!has(number, place)) all_[place]->commit(number);
  }
}

void Committers::commit_waiting() {
  for (const auto& committer : all_) committer->commit_waiting();
}

void Committers::shuffle() {
  for (const auto& committer : all_) committer->shuffle();
}

// The output folder last: it is finished when all are.
void Committers::finish() {
  for (size_t place = all_.size(); place-- > 0;) all_[place]->finish();
}

void Committers::warn_of_small_corpus(const Log& log) const {
  for (size_t place = 0; place < all_.size(); ++place) all_[place]->warn_of_small_corpus(folders_[place]->path(), log);
}

size_t Committers::parts() const {
  size_t parts = SIZE_MAX;
  for (const auto& committer : all_) parts = std::min(parts, committer->parts());
  return parts;
}

bool Committers::has(uint64_t number, size_t place) const { return number < all_[place]->taken(); }

Tally Committers::tally() const {
  Tally tally = all_.front()->tally();
  for (const auto& [corpus, own] : corpora()) tally.take_in(corpus, own);
  return tally;
}

std::vector<std::pair<std::string, Tally>> Committers::corpora() const {
  std::vector<std::pair<std::string, Tally>> corpora;
  for (size_t place = 1; place < all_.size(); ++place)
    corpora.emplace_back(plan_.corpora[place - 1].name, all_[place]->tally());
  return corpora;
}

std::vector<std::string> Committers::shard_names() const {
  std::vector<std::string> names = all_.front()->shard_names();
  for (size_t place = 1; place < all_.size(); ++place) {
    for (const std::string& shard : all_[place]->shard_names()) {
      names.push_back(fmt::format("{}/{}/{}", kCorporaFolder, plan_.corpora[place - 1].name, shard));
    }
  }
  return names;
}

}  // namespace ftok
