using BlazeGateway.Policies.Clients;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace BlazeGateway.Policies.Tests.Clients;

public sealed class RequestFlowTests
{
    private static readonly KeyedHash Ids = new([.. Enumerable.Range(1, KeyedHash.SecretLength).Select(i => (byte)i)]);

    /// <summary>A client asks for a band; what it gets is never higher than its own.</summary>
    [Theory]
    [InlineData(PriorityBands.Critical, null, PriorityBands.Critical)]
    [InlineData(PriorityBands.Critical, "critical", PriorityBands.Critical)]
    [InlineData(PriorityBands.Critical, "standard", PriorityBands.Standard)]
    [InlineData(PriorityBands.Critical, "Batch", PriorityBands.Batch)]
    [InlineData(PriorityBands.Critical, "sheddable", PriorityBands.Batch)]
    [InlineData(PriorityBands.Standard, "critical", PriorityBands.Standard)]
    [InlineData(PriorityBands.Standard, "batch", PriorityBands.Batch)]
    [InlineData(PriorityBands.Batch, "critical", PriorityBands.Batch)]
    [InlineData(PriorityBands.Batch, "standard", PriorityBands.Batch)]
    [InlineData(PriorityBands.Critical, "", PriorityBands.Critical)]
    [InlineData(PriorityBands.Critical, "highest", PriorityBands.Critical)]
    [InlineData(PriorityBands.Standard, "0", PriorityBands.Standard)]
    public void A_band_can_be_lowered_and_never_raised(string own, string? asked, string expected)
    {
        Assert.True(PriorityBandNames.TryParse(own, out var band));
        var headers = new HeaderDictionary();
        if (asked is not null)
        {
            headers[RequestFlow.ObjectiveHeader] = asked;
        }

        Assert.Equal(expected, PriorityBandNames.Of(RequestFlow.Read(headers, new Client(1, null, band, 1), Ids).Band));
    }

    [Fact]
    public void An_objective_given_twice_is_none() => Assert.Equal(
        PriorityBand.Critical,
        RequestFlow.Read(
            new HeaderDictionary { [RequestFlow.ObjectiveHeader] = new StringValues(["batch", "batch"]) }, new Client(1, null, PriorityBand.Critical, 1), Ids).Band);

    [Fact]
    public void A_fairness_id_parts_the_clients_own_flow()
    {
        Assert.Equal(1UL, Id(1, StringValues.Empty));
        Assert.NotEqual(1UL, Id(1, "a"));
        Assert.Equal(Id(1, "a"), Id(1, "a"));
        Assert.NotEqual(Id(1, "a"), Id(1, "b"));
        Assert.NotEqual(Id(1, "a"), Id(2, "a"));
    }

    [Theory]
    [InlineData(RequestFlow.MaxFairnessLength, false)]
    [InlineData(RequestFlow.MaxFairnessLength + 1, true)]
    public void A_long_fairness_id_counts_as_none(int length, bool none) => Assert.Equal(none, Id(1, new string('f', length)) == 1);

    [Theory]
    [InlineData("")]
    [InlineData("flöw")]
    public void A_fairness_id_that_cannot_be_read_counts_as_none(string id) => Assert.Equal(1UL, Id(1, id));

    [Fact]
    public void A_fairness_id_given_twice_counts_as_none() => Assert.Equal(1UL, Id(1, new StringValues(["a", "a"])));

    private static ulong Id(ulong client, StringValues fairness) => RequestFlow.Read(
        new HeaderDictionary { [RequestFlow.FairnessHeader] = fairness }, new Client(client, null, PriorityBand.Standard, 1), Ids).Id;
}
