#include "crawl/fetch_session.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "core/error.h"
#include "crawl/access_refused.h"
#include "tests/crawl/counting_clock.h"

namespace ftok {
namespace {

using testing::CountingClock;

TEST(BackOff, DrawsBelowADoublingCeilingAndNeverBelowTheFloor) {
  const BackOff rule;
  EXPECT_DOUBLE_EQ(back_off_s(rule, 1, 0.0), 1);
  EXPECT_DOUBLE_EQ(back_off_s(rule, 1, 0.75), 1.5);
  EXPECT_DOUBLE_EQ(back_off_s(rule, 5, 0.5), 16);
  EXPECT_DOUBLE_EQ(back_off_s(rule, 11, 0.5), 1024);
  EXPECT_DOUBLE_EQ(back_off_s(rule, 12, 0.5), 1800);  // 2^12 > 3600
  EXPECT_DOUBLE_EQ(back_off_s(rule, 1000000, 0.999), 0.999 * 3600);
}

TEST(TokenBucket, LetsASecondsWorthThroughAndThenTheRate) {
  TokenBucket bucket(1000);
  EXPECT_EQ(bucket.take(600, 10), 0);
  EXPECT_EQ(bucket.take(600, 10), 0);  // into debt: -200
  EXPECT_NEAR(bucket.take(1, 10), 0.2, 0.01);
  EXPECT_GT(bucket.take(1, 10.19), 0);
  EXPECT_EQ(bucket.take(1, 10.25), 0);
  EXPECT_EQ(bucket.take(1000, 100), 0);  // never more than a second's worth saved up
  EXPECT_GT(bucket.take(1, 100), 0);
}

TEST(TokenBucket, HasNoLimitAtZero) {
  TokenBucket bucket(0);
  EXPECT_EQ(bucket.take(uint64_t{1} << 60, 0), 0);
  EXPECT_EQ(bucket.take(uint64_t{1} << 60, 0), 0);
}

TEST(FetchSession, PacesRetriesOfOneHostAndNotOfAnother) {
  FetchSession session({}, std::make_shared<CountingClock>());
  EXPECT_DOUBLE_EQ(session.reserve_retry("a:80", 1.5, 1), 1.5);
  EXPECT_DOUBLE_EQ(session.reserve_retry("a:80", 1.5, 1), 2.5);
  EXPECT_DOUBLE_EQ(session.reserve_retry("a:80", 1.5, 1), 3.5);
  EXPECT_DOUBLE_EQ(session.reserve_retry("b:80", 1.5, 1), 1.5);
  EXPECT_DOUBLE_EQ(session.reserve_retry("a:80", 60, 1), 60);
}

TEST(FetchSession, RemembersWhoRefused) {
  FetchSession session({}, std::make_shared<CountingClock>());
  session.throw_if_refused("a:80");
  session.refuse("a:80", "403");
  EXPECT_THROW(session.throw_if_refused("a:80"), AccessRefused);
  session.throw_if_refused("a:81");
}

TEST(FetchSession, NeverOpensMoreConnectionsThanItsLimit) {
  FetchSession session({3, 0}, std::make_shared<CountingClock>());
  std::atomic<int> open{0}, most{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 200; ++turn) {
        const FetchSession::Slot slot = session.connect({});
        const int now = ++open;
        int seen = most;
        while (seen < now && !most.compare_exchange_weak(seen, now)) {
        }
        --open;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 3);
  EXPECT_GE(most, 1);
}

TEST(FetchSession, StopsWaitingForASlotWhenAsked) {
  FetchSession session({1, 0}, std::make_shared<CountingClock>());
  const FetchSession::Slot held = session.connect({});
  std::stop_source stop;
  std::thread waiter([&] { EXPECT_FALSE(session.connect(stop.get_token())); });
  stop.request_stop();
  waiter.join();
}

TEST(SystemFetchClock, EndsAWaitWhenAskedToStop) {
  const auto clock = make_system_fetch_clock();
  std::stop_source stop;
  std::thread waiter([&] { EXPECT_FALSE(clock->wait_s(3600, stop.get_token())); });
  stop.request_stop();
  waiter.join();
  EXPECT_TRUE(clock->wait_s(0.001, {}));
  EXPECT_LT(clock->uniform(), 1);
}

}  // namespace
}  // namespace ftok
