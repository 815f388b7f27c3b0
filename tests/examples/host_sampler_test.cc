#include "host_sampler.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace host_monitor {
namespace {

using std::chrono::seconds;

constexpr HostSampler::Clock::time_point kStart{seconds(1000)};

/// A directory that looks like /proc.
class HostSamplerTest : public testing::Test {
 protected:
  HostSamplerTest() {
    std::string name = testing::TempDir() + "proc_XXXXXX";
    proc_ = mkdtemp(name.data());
  }
  ~HostSamplerTest() override { std::filesystem::remove_all(proc_); }

  void WriteFile(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((proc_ / name).parent_path());
    std::ofstream(proc_ / name) << text;
  }
  void WriteProcess(int pid, std::uint64_t cpu_ticks, int started_at = 5) {
    WriteFile(std::to_string(pid) + "/stat", std::to_string(pid) + " (worker) R 1 1 1 0 -1 0 0 0 0 0 " +
                                                 std::to_string(cpu_ticks) + " 0 0 0 20 0 1 0 " +
                                                 std::to_string(started_at) + " 4096 10 0 0\n");
  }
  const ProcessSample* Find(const HostSample& sample, int pid) {
    for (const ProcessSample& process : sample.processes) {
      if (process.stat.pid == pid) return &process;
    }
    return nullptr;
  }
  // So many clock ticks as pass in that time.
  static std::uint64_t Ticks(double duration_seconds) {
    return static_cast<std::uint64_t>(duration_seconds * static_cast<double>(sysconf(_SC_CLK_TCK)));
  }

  std::filesystem::path proc_;
};

TEST_F(HostSamplerTest, TellsHowBusyAProcessWas) {
  HostSampler sampler(proc_);
  WriteProcess(7, Ticks(10));
  const HostSample first = sampler.Sample(kStart);
  ASSERT_NE(Find(first, 7), nullptr);
  EXPECT_EQ(Find(first, 7)->cpu_percent, 0);
  EXPECT_EQ(Find(first, 7)->memory_bytes, 10 * sysconf(_SC_PAGESIZE));

  WriteProcess(7, Ticks(11));
  EXPECT_EQ(Find(sampler.Sample(kStart + seconds(2)), 7)->cpu_percent, 50);
  EXPECT_EQ(Find(sampler.Sample(kStart + seconds(3)), 7)->cpu_percent, 0);
}

TEST_F(HostSamplerTest, AnEndedProcessIsGoneAndItsNumberMayBeUsedAgain) {
  HostSampler sampler(proc_);
  WriteProcess(7, Ticks(10));
  WriteProcess(8, Ticks(10));
  sampler.Sample(kStart);

  std::filesystem::remove_all(proc_ / "8");
  WriteProcess(7, Ticks(20), /*started_at=*/6);
  const HostSample sample = sampler.Sample(kStart + seconds(1));
  EXPECT_EQ(Find(sample, 8), nullptr);
  ASSERT_NE(Find(sample, 7), nullptr);
  EXPECT_EQ(Find(sample, 7)->cpu_percent, 0);  // Another process: what the first one used is not its own.
}

TEST_F(HostSamplerTest, AProcessThatVanishesWhileItIsReadIsLeftOut) {
  HostSampler sampler(proc_);
  std::filesystem::create_directories(proc_ / "9");  // The directory is still there, its files are not.
  WriteFile("10/stat", "");
  WriteProcess(11, 0);
  const HostSample sample = sampler.Sample(kStart);
  ASSERT_EQ(sample.processes.size(), 1u);
  EXPECT_EQ(sample.processes[0].stat.pid, 11);
}

TEST_F(HostSamplerTest, TellsHowBusyTheMachineWas) {
  HostSampler sampler(proc_);
  WriteFile("stat", "cpu  100 0 0 100 0 0 0 0 0 0\ncpu0 100 0 0 100 0 0 0 0 0 0\nbtime 1700000000\n");
  EXPECT_EQ(sampler.Sample(kStart).cpu_percent, 0);
  WriteFile("stat", "cpu  125 0 0 175 0 0 0 0 0 0\ncpu0 125 0 0 175 0 0 0 0 0 0\nbtime 1700000000\n");
  const HostSample sample = sampler.Sample(kStart + seconds(1));
  EXPECT_EQ(sample.cpu_percent, 25);
  EXPECT_EQ(sample.cpu.core_count, 1);
}

TEST_F(HostSamplerTest, NothingToReadIsAnEmptySample) {
  const HostSample sample = HostSampler(proc_ / "missing").Sample(kStart);
  EXPECT_TRUE(sample.processes.empty());
  EXPECT_TRUE(sample.interfaces.empty());
  EXPECT_EQ(sample.memory.total_bytes, 0);
}

TEST(HostSamplerRealTest, FindsThisProcess) {
  const HostSample sample = HostSampler().Sample();
  const auto self = std::find_if(sample.processes.begin(), sample.processes.end(),
                                 [](const ProcessSample& process) { return process.stat.pid == getpid(); });
  ASSERT_NE(self, sample.processes.end());
  EXPECT_GT(self->memory_bytes, 0);
  EXPECT_GT(sample.memory.total_bytes, 0);
}

}  // namespace
}  // namespace host_monitor
