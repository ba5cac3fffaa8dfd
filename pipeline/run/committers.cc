#include "pipeline/run/committers.h"

#include <fmt/format.h>

#include <algorithm>

namespace ftok {

Committers::Committers(const std::vector<std::unique_ptr<OutputFolder>>& folders,
                       const std::vector<std::string>& inputs, OutputFolder::GivenUp given_up, const Plan& plan,
                       const CommitOptions& options, Progress& progress, const Log& log)
    : folders_(folders), plan_(plan) {
  for (size_t place = 0; place < folders.size(); ++place) {
    all_.push_back(std::make_unique<Committer>(*folders[place], place == 0 ? "" : plan.corpora[place - 1].name, plan,
                                               options, folders[place]->committed(inputs, given_up), progress, log));
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
