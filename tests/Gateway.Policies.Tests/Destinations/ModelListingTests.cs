using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.Tests.Destinations;

public sealed class ModelListingTests
{
    private static readonly CatalogSnapshot Snapshot = new(
        [
            Cluster("own", (DestinationAnswer.Answering, ["llama-8b", "qwen-7b"]), (DestinationAnswer.Unreachable, ["gone-1b"])),
            Cluster("big", (DestinationAnswer.Answering, ["llama-70b"])),
            Cluster("dark", (DestinationAnswer.Answering, null)),
            Cluster("down", (DestinationAnswer.Unreachable, ["lost-1b"])),
        ]);

    [Fact]
    public void Without_models_a_route_lists_what_answering_destinations_of_its_cluster_serve() =>
        Assert.Equal("llama-8b qwen-7b", List([]));

    [Fact]
    public void With_models_public_names_are_listed_and_the_servers_own_are_not()
    {
        Assert.Equal(
            "dark-1 large llama-8b",
            List(new(StringComparer.Ordinal)
            {
                ["large"] = new() { Cluster = "big", Rewrite = "llama-70b" },
                ["llama-*"] = new(),
                ["dark-1"] = new() { Cluster = "dark" },
                ["lost-1b"] = new() { Cluster = "down" },
                ["not-served"] = new(),
                ["alias-*"] = new() { Cluster = "big", Rewrite = "llama-70b" },
            }));
    }

    [Fact]
    public void A_served_name_belongs_to_the_longest_pattern_only() =>
        Assert.Equal(
            "qwen-7b",
            List(new(StringComparer.Ordinal) { ["*"] = new(), ["llama-*"] = new() { Cluster = "big", Rewrite = "llama-70b" } }));

    [Theory]
    [InlineData("large", true)]
    [InlineData("llama-8b", true)]
    [InlineData("alias-9", true)]
    [InlineData("llama-70b", false)]
    [InlineData("qwen-7b", false)]
    public void One_model_is_found_as_it_is_listed(string model, bool found)
    {
        var table = ModelTable.Compile(
            new Dictionary<string, ModelRouteOptions>(StringComparer.Ordinal)
            {
                ["large"] = new() { Cluster = "big", Rewrite = "llama-70b" },
                ["llama-*"] = new(),
                ["alias-*"] = new() { Cluster = "big", Rewrite = "llama-70b" },
            },
            "own");
        var entry = ModelListing.Find(Snapshot, table, "own", model);
        Assert.Equal(found ? model : null, entry?.Name);
    }

    [Fact]
    public void Standing_tells_served_from_known_and_unknown()
    {
        Assert.Equal(ModelStanding.Served, Snapshot.Find("own", "qwen-7b"));
        Assert.Equal(ModelStanding.Known, Snapshot.Find("own", "gone-1b"));
        Assert.Equal(ModelStanding.Unknown, Snapshot.Find("own", "llama-70b"));
        Assert.Equal(ModelStanding.Unlisted, Snapshot.Find("dark", "any"));
        Assert.Equal(ModelStanding.Unlisted, Snapshot.Find("no-such-cluster", "any"));
    }

    [Fact]
    public void OpenAi_body() =>
        Assert.Equal(
            """{"object":"list","data":[{"id":"a/b+c","object":"model","created":86400,"owned_by":"vllm"},{"id":"z","object":"model","created":0,"owned_by":"blazegateway"}]}""",
            Body(ModelListBody.WriteOpenAi));

    [Fact]
    public void Anthropic_body() =>
        Assert.Equal(
            """{"data":[{"type":"model","id":"a/b+c","display_name":"a/b+c","created_at":"1970-01-02T00:00:00Z"},{"type":"model","id":"z","display_name":"z","created_at":"1970-01-01T00:00:00Z"}],"has_more":false,"first_id":"a/b+c","last_id":"z"}""",
            Body(ModelListBody.WriteAnthropic));

    [Fact]
    public void Anthropic_body_without_models()
    {
        var output = new ArrayBufferWriter<byte>();
        ModelListBody.WriteAnthropic(output, ImmutableArray<ModelEntry>.Empty);
        Assert.Equal("""{"data":[],"has_more":false,"first_id":null,"last_id":null}""", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void Ollama_body() =>
        Assert.Equal(
            """{"models":[{"name":"a/b+c","model":"a/b+c","modified_at":"1970-01-02T00:00:00Z","size":0,"digest":"","details":{}},{"name":"z","model":"z","modified_at":"1970-01-01T00:00:00Z","size":9,"digest":"abc","details":{}}]}""",
            Body(ModelListBody.WriteOllama));

    private static string List(Dictionary<string, ModelRouteOptions> models) =>
        string.Join(' ', ModelListing.Of(Snapshot, ModelTable.Compile(models, "own"), "own").Select(e => e.Name));

    private static string Body(Action<IBufferWriter<byte>, ImmutableArray<ModelEntry>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output, [new ModelEntry { Name = "a/b+c", Created = 86400, OwnedBy = "vllm" }, new ModelEntry { Name = "z", Size = 9, Digest = "abc" }]);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static ClusterModels Cluster(string id, params (DestinationAnswer Answer, string[]? Models)[] destinations) =>
        new(
            id,
            ModelServerKinds.Vllm,
            [
                .. destinations.Select((d, i) => new DestinationListing(
                    $"d{i}",
                    "http://127.0.0.1/",
                    new DestinationStatus
                    {
                        Answer = d.Answer,
                        Models = d.Models is null ? null : ModelSet.From(d.Models.Select(m => new ModelEntry { Name = m })),
                    },
                    IsAvailable: d.Answer == DestinationAnswer.Answering)),
            ]);
}
