using BlazeGateway.Configuration;

namespace BlazeGateway.Tests.Configuration;

public class LifecycleOptionsTests
{
    [Theory]
    [InlineData("Drain:Delay", "00:00:00", true)]
    [InlineData("Drain:Delay", "00:10:00", true)]
    [InlineData("Drain:Delay", "00:10:01", false)]
    [InlineData("Drain:Delay", "-00:00:01", false)]
    [InlineData("Drain:Timeout", "00:00:00", true)]
    [InlineData("Drain:Timeout", "1.00:00:00", true)]
    [InlineData("Drain:Timeout", "1.00:00:01", false)]
    [InlineData("Watchdog:StuckAfter", "00:00:00.999", false)]
    [InlineData("Watchdog:StuckAfter", "00:00:01", true)]
    [InlineData("Watchdog:StuckAfter", "00:05:00", true)]
    [InlineData("Watchdog:StuckAfter", "00:05:01", false)]
    [InlineData("Watchdog:ExitWhenStuck", "perhaps", false)]
    public void A_value_holds_within_its_range(string key, string value, bool isRight)
    {
        var sources = new ConfigurationSources { Files = new ConfigurationFiles(), CommandLine = [KeyValuePair.Create(key, value)] };
        if (isRight)
        {
            ConfigurationLoader.Load(sources).ReadProcessOptions();
            return;
        }

        var error = Assert.Throws<InvalidConfigurationException>(() => ConfigurationLoader.Load(sources).ReadProcessOptions());
        var message = Assert.Single(error.Errors).ToString();
        Assert.Contains(value, message, StringComparison.Ordinal);
        Assert.Contains("it must be", message, StringComparison.Ordinal);
    }
}
