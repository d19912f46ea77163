using BlazeGateway.Hosting;

namespace BlazeGateway.Tests.Hosting;

public class ConnectionBudgetTests
{
    [Theory]
    [InlineData(null, 1024L, 64, 170, 256)]
    [InlineData(null, 65536L, 64, 21674, 32512)]
    [InlineData(null, 512L, 32, 64, 96)]
    [InlineData(null, 400L, 64, 16, 24)]
    [InlineData(null, null, 64, 1_000_000, 1_000_000)]
    [InlineData(null, 1L << 40, 64, 1_000_000, 1_000_000)]
    [InlineData(169L, 1024L, 64, 169, 256)]
    [InlineData(170L, 1024L, 64, 170, 256)]
    [InlineData(171L, 1024L, 64, 170, 256)]
    [InlineData(5000L, null, 64, 5000, 1_000_000)]
    [InlineData(long.MaxValue, null, 64, 1_000_000, 1_000_000)]
    public void The_smaller_of_what_is_wished_and_what_is_safe(long? configured, long? openFiles, int admin, int clients, int destinations) =>
        Assert.Equal(new ConnectionBudget(clients, destinations), ConnectionBudget.Derive(configured, openFiles, admin));

    [Theory]
    [InlineData(399L, 64, 400)]
    [InlineData(256L, 1, 337)]
    [InlineData(0L, 64, 400)]
    public void Too_few_files_are_told_with_how_many_are_needed(long openFiles, int admin, int needed)
    {
        var error = Assert.Throws<TooFewFilesException>(() => ConnectionBudget.Derive(null, openFiles, admin));
        Assert.Contains($"may open {openFiles} files, and needs {needed}:", error.Message, StringComparison.Ordinal);
        Assert.Contains("ulimit -n", error.Message, StringComparison.Ordinal);
    }
}
