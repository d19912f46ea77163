using System.Text;
using BlazeGateway.Policies.Destinations.Reports;

namespace BlazeGateway.Policies.Tests.Destinations.Reports;

/// <summary>What is read of each server's page.</summary>
public sealed class ReportPageTests
{
    [Fact]
    public void Vllm_is_summed_over_its_engines()
    {
        var facts = Read("vllm", Pages.Vllm);
        Assert.Equal((3, 7, 1_234_568L, 12_000L), (facts.Waiting, facts.Running, facts.PromptTokens, facts.GeneratedTokens));
        Assert.Equal(0.6, facts.CacheUse!.Value, 6);
        Assert.Equal((55_288L, 16, 884_608L), (facts.CacheBlocks, facts.BlockTokens, facts.CacheTokens));
        Assert.Equal(["sql", "chat"], facts.RunningAdapters, StringComparer.Ordinal);
        Assert.Equal(["legal"], facts.WaitingAdapters, StringComparer.Ordinal);
        Assert.Null(facts.MaxRunning);
        Assert.Empty(facts.ResidentModels);
    }

    [Fact]
    public void Old_names_of_vllm_are_known()
    {
        var facts = Read("vllm", Pages.OldVllm);
        Assert.Equal((0, 2, 0.25), (facts.Waiting, facts.Running, facts.CacheUse));
        Assert.Equal(((long?)null, 32, (long?)null), (facts.CacheBlocks, facts.BlockTokens, facts.CacheTokens));
    }

    [Fact]
    public void Sglang_is_counted_once_for_all_ranks_of_one_engine()
    {
        var facts = Read("sglang", Pages.Sglang);
        Assert.Equal((2, 11, 0.31, 800L, 900L), (facts.Waiting, facts.Running, facts.CacheUse, facts.PromptTokens, facts.GeneratedTokens));
        Assert.Equal(64_000, facts.CacheTokens);
    }

    [Fact]
    public void Tgi_has_no_cache_use()
    {
        var facts = Read("tgi", Pages.Tgi);
        Assert.Equal((7, 32, (double?)null, 1200L, 300L), (facts.Waiting, facts.Running, facts.CacheUse, facts.PromptTokens, facts.GeneratedTokens));
    }

    [Fact]
    public void Llamacpp_has_none_either_but_old_ones_do()
    {
        var facts = Read("llamacpp", Pages.LlamaCpp);
        Assert.Equal((3, 2, (double?)null, 64L, 32L), (facts.Waiting, facts.Running, facts.CacheUse, facts.PromptTokens, facts.GeneratedTokens));
        Assert.Equal(0.5, Read("llamacpp", Pages.LlamaCpp + "\nllamacpp:kv_cache_usage_ratio 0.5\n").CacheUse);
    }

    [Fact]
    public void Tensorrt_is_known_by_its_own_names_and_by_tritons()
    {
        var facts = Read("trtllm", Pages.TrtLlm);
        Assert.Equal((1, 8, 0.62, 16_000L), (facts.Waiting, facts.Running, facts.CacheUse, facts.CacheTokens));
        var triton = Read("trtllm", Pages.Triton);
        Assert.Equal((2, 5, 0.4875, 128, 25_600L), (triton.Waiting, triton.Running, triton.CacheUse, triton.MaxRunning, triton.CacheTokens));
    }

    [Fact]
    public void Ollama_tells_models_in_memory_and_nothing_of_how_busy_it_is()
    {
        var facts = Read("ollama", Pages.Ollama);
        Assert.Equal(["llama3.2:latest", "qwen3:8b"], facts.ResidentModels, StringComparer.Ordinal);
        Assert.Equal(((int?)null, (int?)null, (double?)null), (facts.Waiting, facts.Running, facts.CacheUse));
        Assert.Empty(Read("ollama", """{"models":[]}""").ResidentModels);
    }

    [Theory]
    [InlineData("generic")]
    [InlineData("openai")]
    public void Of_no_kind_in_particular_any_names_are_taken(string kind)
    {
        Assert.Equal(7, Read(kind, Pages.Vllm).Running);
        Assert.Equal(11, Read(kind, Pages.Sglang).Running);
        Assert.Equal(32, Read(kind, Pages.Tgi).Running);
    }

    [Theory]
    [InlineData("vllm", "")]
    [InlineData("vllm", Pages.Sglang)]
    [InlineData("vllm", "<html>Not found</html>")]
    [InlineData("vllm", "vllm:num_requests_running{model_name=\"m\"} NaN\n")]
    [InlineData("vllm", "vllm:num_requests_running -3\n")]
    [InlineData("ollama", "")]
    [InlineData("ollama", "[]")]
    [InlineData("ollama", """{"models":3}""")]
    [InlineData("ollama", Pages.Vllm)]
    public void What_tells_nothing_is_no_report(string kind, string page) => Assert.Null(ReportPage.Read(kind, Encoding.UTF8.GetBytes(page)));

    [Fact]
    public void Numbers_nobody_can_mean_are_bounded()
    {
        var facts = Read("vllm", "vllm:num_requests_running 1e300\nvllm:kv_cache_usage_perc 7\nvllm:prompt_tokens_total 1e300\n");
        Assert.Equal((ReportPage.MaxRequests, 1.0), (facts.Running, facts.CacheUse));
        Assert.Equal(1_000_000_000_000_000_000, facts.PromptTokens);
        Assert.Equal(ReportPage.MaxRequests - 1, Read("vllm", $"vllm:num_requests_running {ReportPage.MaxRequests - 1}").Running);
        Assert.Equal(ReportPage.MaxRequests, Read("vllm", $"vllm:num_requests_running {ReportPage.MaxRequests}").Running);
    }

    [Theory]
    [InlineData(ReportPage.MaxNames - 1, ReportPage.MaxNames - 1)]
    [InlineData(ReportPage.MaxNames, ReportPage.MaxNames)]
    [InlineData(ReportPage.MaxNames + 1, ReportPage.MaxNames)]
    public void As_many_names_are_kept_as_allowed(int told, int kept)
    {
        var names = Enumerable.Range(0, told).Select(i => "m" + i).ToArray();
        Assert.Equal(kept, Read("ollama", $$"""{"models":[{{string.Join(',', names.Select(name => $$"""{"name":"{{name}}"}"""))}}]}""").ResidentModels.Length);
        Assert.Equal(kept, Read("vllm", $"vllm:lora_requests_info{{running_lora_adapters=\"{string.Join(',', names)}\"}} 1\n").RunningAdapters.Length);
    }

    [Fact]
    public void Counters_that_fall_are_a_restart()
    {
        var before = Read("vllm", Pages.Vllm);
        Assert.False(before.IsRestartAfter(before));
        Assert.False(before.IsRestartAfter(ReportedFacts.Nothing));
        Assert.False(ReportedFacts.Nothing.IsRestartAfter(before));
        Assert.True((before with { GeneratedTokens = before.GeneratedTokens - 1 }).IsRestartAfter(before));
        Assert.True((before with { PromptTokens = 0 }).IsRestartAfter(before));
        Assert.False((before with { PromptTokens = before.PromptTokens + 1 }).IsRestartAfter(before));
    }

    private static ReportedFacts Read(string kind, string page) => ReportPage.Read(kind, Encoding.UTF8.GetBytes(page))!;
}
