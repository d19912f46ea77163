namespace BlazeGateway.Policies.Pipeline;

/// <summary>Whether an answer has to be changed on its way, which costs a second stream; most answers pass untouched.</summary>
internal static class AnswerRewrite
{
    /// <summary>True when token counts the gateway asked for are to be removed, or the public model name is to be put back.</summary>
    public static bool IsWanted(RequestContext context) => context.IsUsageInjected || RestoredName(context) is not null;

    /// <summary>The model name to put back; null when the name stays as the destination writes it.</summary>
    public static string? RestoredName(RequestContext context) =>
        context.Route.Options.Response.RestoreModelName && context.Model?.Rewrite is not null ? context.RequestedModel : null;
}
