using BlazeGateway.Bench;

namespace BlazeGateway.Tests.Bench;

public class SaturationTests
{
    [Theory]
    [InlineData(4.9, 1, false)]
    [InlineData(5.0, 1, false)]
    [InlineData(5.1, 1, true)]
    [InlineData(19, 200, false)]
    [InlineData(21, 200, true)]
    public void A_late_loader_voids(double lagMs, double medianMs, bool isVoid) =>
        Assert.Equal(isVoid, Saturation.Check(Loader(0.1, lagMs), TimeSpan.FromSeconds(5), medianMs).Count > 0);

    [Theory]
    [InlineData(0.84, 5, false)]
    [InlineData(0.85, 5, false)]
    [InlineData(0.86, 5, true)]
    [InlineData(0.99, 0.99, false)]
    [InlineData(0.99, 1, true)]
    [InlineData(0.99, 1.01, true)]
    public void A_busy_loader_voids_loads_of_a_second_and_more(double share, double seconds, bool isVoid) =>
        Assert.Equal(isVoid, Saturation.Check(Loader(share, 0), TimeSpan.FromSeconds(seconds), 1).Count > 0);

    [Fact]
    public void Both_reasons_are_named() => Assert.Equal(2, Saturation.Check(Loader(1, 50), TimeSpan.FromSeconds(5), 1).Count);

    private static LoaderFacts Loader(double share, double lagMs) =>
        new(share, share, 1, new Percentiles { Count = 100, P99 = lagMs }, 0);
}
