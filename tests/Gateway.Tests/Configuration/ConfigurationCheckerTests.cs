namespace BlazeGateway.Tests.Configuration;

public sealed class ConfigurationCheckerTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_good_configuration_has_no_findings() => Assert.Empty(await TestDirectory.CheckAsync(_directory.Sources));
}
