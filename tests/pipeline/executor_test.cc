#include "pipeline/executor.h"

#include <gtest/gtest.h>

#include <mutex>
#include <set>

#include "core/run_on_threads.h"
#include "pipeline/run/local_executor.h"

namespace ftok {
namespace {

// Tasks that note what becomes of them.
class Bench {
 public:
  // Task `number` fails `failures` times before it succeeds.
  void add(int failures) {
    const size_t number = tasks_.size();
    left_.push_back(failures);
    Task task;
    task.number = number;
    task.name = "task " + std::to_string(number);
    task.work = [this, number] {
      const std::lock_guard lock(mutex_);
      ++attempts;
      if (left_[number]-- > 0) throw TaskFailed("not yet");
      made.insert(number);
    };
    task.give_up = [this, number](const std::string& why) {
      const std::lock_guard lock(mutex_);
      EXPECT_EQ(why, "not yet");
      given_up.insert(number);
    };
    tasks_.push_back(task);
  }

  void run(size_t threads, size_t lanes) {
    std::atomic<bool> abandon{false};
    const Log log = [this](LogLevel level, const std::string& message) {
      const std::lock_guard lock(mutex_);
      if (level == LogLevel::kError) errors.push_back(message);
    };
    run_on_threads(threads, [&] {
      LocalExecutor(lanes, abandon, log).run(tasks_, [&](const Task& task) {
        const std::lock_guard lock(mutex_);
        EXPECT_TRUE(done.insert(task.number).second);
      });
    });
  }

  Task& task(size_t number) { return tasks_[number]; }

  std::set<size_t> made, given_up, done;
  int attempts = 0;
  std::vector<std::string> errors;

 private:
  std::mutex mutex_;
  std::vector<Task> tasks_;
  std::vector<int> left_;
};

TEST(LocalExecutor, TriesThreeTimesThenGivesUp) {
  for (const size_t lanes : {1, 3}) {
    Bench bench;
    for (const int failures : {0, TaskQueue::kAttempts - 1, TaskQueue::kAttempts, 0}) bench.add(failures);
    bench.run(lanes, lanes);
    EXPECT_EQ(bench.made, (std::set<size_t>{0, 1, 3}));
    EXPECT_EQ(bench.given_up, (std::set<size_t>{2}));
    EXPECT_EQ(bench.done, (std::set<size_t>{0, 1, 2, 3}));
    EXPECT_EQ(bench.attempts, 1 + 3 + 3 + 1);
    EXPECT_EQ(bench.errors, (std::vector<std::string>{"task 2: given up after 3 attempts: not yet"}));
  }
}

TEST(LocalExecutor, GivesUpAtOnceWhatNoAttemptMends) {
  Bench bench;
  bench.add(TaskQueue::kAttempts - 1);
  bench.task(0).work = [&bench] {
    ++bench.attempts;
    TaskFailed failure("it is a tar archive");
    failure.is_final = true;
    throw failure;
  };
  bench.task(0).give_up = [&bench](const std::string& why) {
    EXPECT_EQ(why, "it is a tar archive");
    bench.given_up.insert(0);
  };
  bench.run(1, 1);
  EXPECT_EQ(bench.attempts, 1);
  EXPECT_EQ(bench.given_up, (std::set<size_t>{0}));
  EXPECT_EQ(bench.errors, (std::vector<std::string>{"task 0: given up: it is a tar archive"}));
}

TEST(LocalExecutor, RunsManyTasksOnceEach) {
  Bench bench;
  for (int i = 0; i < 300; ++i) bench.add(0);
  bench.run(4, 4);
  EXPECT_EQ(bench.done.size(), 300u);
  EXPECT_EQ(bench.attempts, 300);
}

TEST(LocalExecutor, EndsWithWhatATaskThrows) {
  for (const size_t lanes : {1, 3}) {
    Bench bench;
    for (int i = 0; i < 50; ++i) bench.add(0);
    bench.task(7).work = [] { throw Error("the disk is full"); };
    try {
      bench.run(lanes, lanes);
      FAIL() << "expected an Error";
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), "the disk is full");  // and not that another lane was stopped because of it
    }
    EXPECT_FALSE(bench.done.contains(7));
  }
}

TEST(LocalExecutor, HasNothingToDoWithoutTasks) {
  Bench bench;
  bench.run(2, 2);
  EXPECT_EQ(bench.attempts, 0);
}

}  // namespace
}  // namespace ftok
