using BlazeGateway.Demo.ModelServer.Answers;

namespace BlazeGateway.Demo.ModelServer.Surface;

/// <summary>Which path does what.</summary>
internal sealed class Router(ServerContext server)
{
    private readonly InferenceHandler _chat = new(server, new ChatFormat());

    public Task RouteAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        if (HttpMethods.IsPost(http.Request.Method))
        {
            return path switch
            {
                "/v1/chat/completions" => _chat.HandleAsync(http),
                _ => Replies.NotFoundAsync(http),
            };
        }

        return path switch
        {
            "/health" => http.Response.CompleteAsync(),
            "/v1/models" => Replies.JsonAsync(http, 200, ModelList()),
            _ => Replies.NotFoundAsync(http),
        };
    }

    private string ModelList() =>
        $$"""{"object":"list","data":[{{string.Join(',', server.Options.Models.Select(m => $$"""{"id":"{{m}}","object":"model","created":{{Answer.Created}},"owned_by":"{{server.Options.Kind}}"}"""))}}]}""";
}
